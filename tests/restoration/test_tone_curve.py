import numpy as np
import pytest

from reelfix.restoration.tone_curve import KNOTS, OFFSET, apply_curve, curve_at, darkness, fit_curve


def fitted(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    change = np.log2(second + OFFSET) - np.log2(first + OFFSET)
    midway = (first + second) / 2
    return fit_curve(change, midway, darkness(midway))


def tones(count: int = 3000) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.01, 0.9, count)


@pytest.mark.parametrize("gain", [0.7, 1.1])
def test_a_gain_is_a_level_curve(gain: float) -> None:
    first = tones()
    np.testing.assert_allclose(fitted(first, first * gain), np.log2(gain), atol=0.02)


def test_a_gamma_is_found() -> None:
    first = tones()
    curve = fitted(first, first**1.1)
    at = np.array([0.05, 0.2, 0.6])
    np.testing.assert_allclose(curve_at(curve, at), 0.1 * np.log2(at), atol=0.04)


def test_what_moved_is_outvoted() -> None:
    first = tones()
    second = first * 0.9
    second[:900] = np.random.default_rng(2).uniform(0, 1, 900)
    np.testing.assert_allclose(fitted(first, second)[2:-1], np.log2(0.9), atol=0.02)


def test_curves_are_applied_smooth_and_rising() -> None:
    ramp = np.arange(65536, dtype=np.float32)[None] / 65535
    curve = np.array([0.8, -0.5, 0.3, 0.6, -0.2, 0, 0.1, 0.4, 0.2, -0.6, 0, -0.1])
    applied = apply_curve(ramp, curve)[0]
    assert applied[0] == 0
    assert applied[-1] <= 1
    assert (np.diff(applied) >= 0).all()
    gentle = apply_curve(ramp, 0.2 * np.sin(np.arange(len(KNOTS))))[0].astype(np.float64)
    # No kink: the slope changes by little from one code to the next, once past the noise of float32.
    slopes = np.diff(gentle[1024::128]) / np.diff(ramp[0, 1024::128])
    assert np.abs(np.diff(slopes)).max() < 0.03
    assert apply_curve(ramp, np.zeros(len(KNOTS))) is ramp
