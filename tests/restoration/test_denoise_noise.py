import cv2
import numpy as np

from reelfix.restoration.denoise_blocks import BlockTransform
from reelfix.restoration.denoise_noise import noise_level, quieter, spectrum

SURE = np.ones((60, 80), np.float32)


def tones() -> np.ndarray:
    return np.broadcast_to(np.linspace(0.1, 0.9, 160, dtype=np.float32), (120, 160)).copy()


def noisy(seed: int, deviation: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((120, 160), np.float32)
    return (tones() + noise * deviation).astype(np.float32)


def test_noise_is_told_by_tone() -> None:
    truth = 0.01 + 0.04 * tones()
    level = noise_level(noisy(1, truth), noisy(2, truth), tones(), SURE)
    assert level is not None
    found = level.at(tones())
    np.testing.assert_allclose(found[:, 10:-10], truth[:, 10:-10], rtol=0.25)


def test_what_moved_otherwise_does_not_count() -> None:
    here, there = noisy(1, np.float32(0.02)), noisy(2, np.float32(0.02))
    there[40:80, :] = 1 - there[40:80, ::-1]
    level = noise_level(here, there, tones(), SURE)
    assert level is not None
    assert abs(float(np.median(level.deviations)) - 0.02) < 0.012
    sure = SURE.copy()
    sure[20:40] = 0
    better = noise_level(here, there, tones(), sure)
    assert better is not None
    np.testing.assert_allclose(better.deviations[30:220], 0.02, rtol=0.2)
    assert (quieter([level, better]).deviations <= better.deviations).all()


def test_without_trust_no_noise_is_told() -> None:
    here = noisy(1, np.float32(0.02))
    assert noise_level(here, here, tones(), SURE * 0) is None


def test_clumps_have_weak_fine_frequencies() -> None:
    random = np.random.default_rng(3).standard_normal((160, 160)).astype(np.float32)
    transform = BlockTransform(160, 160)
    white = spectrum(transform.coefficients(random))
    clumps = spectrum(transform.coefficients(cv2.GaussianBlur(random, (0, 0), 0.9)))
    np.testing.assert_allclose(white, 1, atol=0.25)
    assert clumps[1, 1] > 1.5 > 0.3 > clumps[7, 7]
    assert abs(np.mean(clumps**2) - 1) < 0.02
