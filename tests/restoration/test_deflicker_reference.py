import numpy as np
import pytest

from reelfix.restoration.deflicker_reference import eased_weights, flicker_deviation, reference_weights

TIMES = np.arange(-16, 17.0)


def ought(light: np.ndarray, times: np.ndarray = TIMES) -> float:
    weights = reference_weights(times, light[:, None])[:, 0]
    assert weights.sum() == pytest.approx(1)
    return float(weights @ light)


def noise(seed: int, deviation: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, deviation, len(TIMES))


def test_flicker_is_evened_out() -> None:
    assert np.std([ought(noise(seed)) for seed in range(40)]) < 0.035


@pytest.mark.parametrize("place", [-3, 0, 1, 2])
def test_a_step_stays(place: int) -> None:
    for seed in range(5):
        light = noise(seed, 0.05) + 0.8 * (place <= TIMES)
        assert ought(light) == pytest.approx(0.8 if place <= 0 else 0, abs=0.1)


@pytest.mark.parametrize("begins", [-6, -2, 0, 4])
def test_a_fade_that_begins_stays(begins: int) -> None:
    light = 0.1 * np.maximum(TIMES - begins, 0)
    assert ought(light) == pytest.approx(max(-begins, 0) * 0.1, abs=0.03)


def test_a_slow_drift_stays() -> None:
    assert ought(0.03 * TIMES + 0.3) == pytest.approx(0.3, abs=0.003)


def test_a_single_frame_that_stands_out_is_flicker() -> None:
    assert ought(np.where(TIMES == 0, 0.4, 0.0)) == pytest.approx(0, abs=0.005)


def test_at_the_end_of_a_shot() -> None:
    ends = [ought(noise(seed)[:17], np.arange(0, 17.0)) for seed in range(40)]
    assert abs(np.mean(ends)) < 0.02
    assert np.std(ends) < 0.06


def test_every_other_frame_darker() -> None:
    assert ought(np.where(TIMES % 2, 0.15, -0.15)) == pytest.approx(0, abs=0.03)


def test_two_frames_weigh_alike() -> None:
    np.testing.assert_array_equal(reference_weights(np.arange(2.0), np.ones((2, 3))), 0.5)


def test_the_deviation_of_jumps_leaves_a_step_out() -> None:
    plain = flicker_deviation(noise(1)[:, None])[0]
    assert 0.08 < plain < 0.25
    assert flicker_deviation((noise(1) + (TIMES > 3))[:, None])[0] < 1.6 * plain


def eased(light: np.ndarray) -> list[float]:
    """What each of the frames -3 to 3 comes to."""
    return [float(eased_weights(TIMES - t, light) @ light) for t in range(-3, 4)]


def test_a_gentle_fall_is_made_no_hard_step() -> None:
    light = np.where(TIMES < 0, 0.2, 0.0)
    light += np.where(TIMES % 2, 0.01, -0.01)
    light[14:18] = (0.17, 0.12, 0.07, 0.03)
    steps = np.abs(np.diff(eased(light)))
    bare = [float(reference_weights(TIMES - t, light[:, None])[:, 0] @ light) for t in range(-3, 4)]
    assert np.abs(np.diff(bare)).max() > 0.08
    assert steps.max() <= np.abs(np.diff(light)).max() + 0.01


def test_a_step_of_one_frame_is_not_eased() -> None:
    light = np.where(TIMES >= 0, 0.5, 0.0)
    np.testing.assert_allclose(eased(light), [0, 0, 0, 0.5, 0.5, 0.5, 0.5], atol=0.01)
