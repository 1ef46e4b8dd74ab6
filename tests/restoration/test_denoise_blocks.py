import cv2
import numpy as np
import pytest

from reelfix.restoration.denoise_blocks import BlockTransform

WHITE = np.ones((8, 8), np.float32)


def test_the_transform_is_the_cosine_transform() -> None:
    plane = np.random.default_rng(0).random((20, 20), np.float32)
    coefficients = BlockTransform(20, 20).coefficients(plane)
    assert coefficients.shape == (64, 16)
    # Rows of four blocks, the first of each all margin.
    np.testing.assert_allclose(coefficients[:, 6].reshape(8, 8), cv2.dct(plane[:8, 8:16].copy()), atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(3, 5), (16, 16), (17, 31), (40, 64), (21, 3001)])
def test_there_and_back(height: int, width: int) -> None:
    plane = np.random.default_rng(0).random((height, width), np.float32)
    result = BlockTransform(height, width).shrunk(plane, np.full_like(plane, 1e-4), WHITE)
    np.testing.assert_allclose(result, plane, atol=1e-3)


def test_every_place_is_shrunk_alike() -> None:
    noise = np.random.default_rng(2).standard_normal((203, 331), np.float32)
    left = BlockTransform(203, 331).shrunk(noise, np.ones_like(noise), WHITE)
    assert np.std(left) < 0.2
    for part in (left[:6], left[-6:], left[:, :6], left[:, -6:]):
        assert np.std(part) < 0.3


def test_noise_is_shrunk_and_an_edge_is_kept() -> None:
    clean = np.full((64, 64), 0.3, np.float32)
    clean[:, 32:] = 0.7
    noisy = clean + np.random.default_rng(2).standard_normal(clean.shape, np.float32) * np.float32(0.03)
    result = BlockTransform(64, 64).shrunk(noisy, np.full_like(clean, 0.03), WHITE)
    assert np.std(result[:, :24] - 0.3) < 0.01
    assert np.abs(result[:, 31:33].mean(axis=0) - [0.3, 0.7]).max() < 0.02


def test_without_noise_nothing_changes() -> None:
    plane = np.random.default_rng(3).random((24, 24), np.float32)
    result = BlockTransform(24, 24).shrunk(plane, np.zeros_like(plane), WHITE)
    np.testing.assert_allclose(result, plane, atol=1e-5)
    flat = np.zeros_like(plane)
    np.testing.assert_array_equal(BlockTransform(24, 24).shrunk(flat, flat, WHITE), flat)
