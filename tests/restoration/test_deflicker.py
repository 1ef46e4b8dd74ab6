import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.deflicker import deflicker
from reelfix.restoration.tone_curve import KNOTS, from_log_tone, log_tone, tone_step

WHOLE = slice(None)


def scene(count: int) -> npt.NDArray[np.float32]:
    """A still picture with a thing that crosses it: float32 (T, 1, H, W)."""
    random = np.random.default_rng(1)
    picture = np.kron(random.uniform(0.1, 0.7, (12, 16)), np.ones((6, 6))).astype(np.float32)
    frames = np.repeat(picture[None, None], count, axis=0)
    for t in range(count):
        frames[t, 0, 20:40, 2 * t : 2 * t + 15] = 0.75
    return frames


def brightness(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.log2(frames[:, 0, 45:].astype(np.float64).mean(axis=(1, 2)))


def restored(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    result: npt.NDArray[np.float32] = deflicker(torch.from_numpy(frames), WHOLE).numpy()
    return result


def test_flicker_goes_and_the_picture_stays() -> None:
    clean = scene(24)
    gains = np.exp2(np.random.default_rng(5).normal(0, 0.15, 24)).astype(np.float32)
    flickering = np.clip(clean * gains[:, None, None, None], 0, 1)
    result = restored(flickering)
    assert np.diff(brightness(flickering)).std() > 0.15
    assert np.diff(brightness(result)).std() < 0.02
    assert np.abs(result - clean).mean() < 0.4 * np.abs(flickering - clean).mean()


def test_a_curve_and_not_only_a_gain_is_corrected() -> None:
    clean = scene(20)
    gammas = np.where(np.arange(20) % 2, 1.15, 0.87).astype(np.float32)
    flickering = clean ** gammas[:, None, None, None]
    unsteady, steadied = (np.diff(f[2:-2, 0, 45:], axis=0).std() for f in (flickering, restored(flickering)))
    assert unsteady > 0.08
    assert steadied < 0.1 * unsteady


def test_a_lamp_switched_on_stays() -> None:
    lit = scene(24) * 0.5
    lit[12:] *= 1.8
    np.testing.assert_allclose(brightness(restored(lit)), brightness(lit), atol=0.02)


def test_a_fade_stays() -> None:
    faded = scene(30) * np.linspace(1, 0.4, 30, dtype=np.float32)[:, None, None, None]
    np.testing.assert_allclose(brightness(restored(faded)), brightness(faded), atol=0.06)


def test_what_does_not_flicker_keeps_its_bits() -> None:
    clean = scene(12)
    np.testing.assert_array_equal(restored(clean), clean)


def test_dirt_changes_no_curve() -> None:
    clean, dirty = scene(12), scene(12)
    dirty[6, 0, 10:30, 40:60] = 0.0
    result = restored(dirty)
    np.testing.assert_allclose(result[6, 0, 45:], clean[6, 0, 45:], atol=0.004)


def test_strengths_lie_between() -> None:
    frames = scene(10)
    frames[5] *= 0.8
    half = deflicker(torch.from_numpy(frames), WHOLE, strength=0.5).numpy()
    whole = restored(frames)
    assert frames[5, 0, 50, 50] < half[5, 0, 50, 50] < whole[5, 0, 50, 50]
    np.testing.assert_array_equal(deflicker(torch.from_numpy(frames), WHOLE, strength=0).numpy(), frames)


def test_channels_have_their_own_curves() -> None:
    frames = np.repeat(scene(12), 3, axis=1)
    frames[6, 2] *= 0.8
    result = restored(frames)
    np.testing.assert_allclose(result[6, 0], frames[6, 0], atol=0.004)
    np.testing.assert_allclose(result[6, 2, 45:], frames[5, 2, 45:], atol=0.02)


def test_tone_step_finds_a_gain_both_ways() -> None:
    first = scene(1)[0, 0]
    step = tone_step(first, first * 0.8)
    tones = log_tone(np.array([0.2, 0.4, 0.6]))
    np.testing.assert_allclose(from_log_tone(step.ahead(tones)), [0.16, 0.32, 0.48], atol=0.004)
    np.testing.assert_allclose(step.back(step.ahead(tones)), tones, atol=0.004)
    assert step.agreement > 0.9


def test_a_cut_has_no_agreement() -> None:
    random = np.random.default_rng(2)
    first, second = random.uniform(0.1, 0.9, (2, 40, 60)).astype(np.float32)
    assert tone_step(first, second).agreement < 0.35
    assert len(KNOTS) == len(tone_step(first, second).change)
