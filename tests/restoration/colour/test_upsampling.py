"""Colours brought from a coarse grid to a finer one."""

import cv2
import numpy as np

from reelfix.restoration.colour.upsampling import doubled, enlarged, quiet_guide

RED, BLUE = (60.0, 40.0), (10.0, -50.0)


def two_halves(height: int, width: int, edge: int) -> tuple[np.ndarray, np.ndarray]:
    """A dark red half and a light blue one: luma (H, W) and colours (H, W, 2)."""
    left = np.arange(width) < edge
    luma = np.broadcast_to(np.where(left, 0.2, 0.8), (height, width)).astype(np.float32)
    colours = np.where(left[None, :, None], np.array(RED), np.array(BLUE)).astype(np.float32)
    return np.ascontiguousarray(luma), np.ascontiguousarray(np.broadcast_to(colours, (height, width, 2)))


def test_colours_end_where_tones_do() -> None:
    luma, colours = two_halves(32, 48, 24)
    half_luma, small = two_halves(16, 24, 12)
    assert np.abs(doubled(small, half_luma, luma) - colours).max() < 1.0, "nothing bleeds over the edge"
    plain = np.asarray(cv2.resize(small, (48, 32), interpolation=cv2.INTER_LINEAR))
    assert np.abs(plain - colours).max() > 10.0


def test_enlarged_colours_are_sharper_than_interpolated_ones() -> None:
    luma, colours = two_halves(32, 48, 24)
    small = cv2.resize(colours, (12, 8), interpolation=cv2.INTER_AREA)
    plain = np.asarray(cv2.resize(small, (48, 32), interpolation=cv2.INTER_LINEAR))
    assert np.abs(enlarged(small, luma) - colours).mean() < 0.8 * np.abs(plain - colours).mean()


def test_grain_makes_no_colours() -> None:
    noise = np.random.default_rng(1).normal(0.5, 0.05, (32, 40)).astype(np.float32)
    small = np.full((16, 20, 2), 25.0, np.float32)
    half = np.asarray(cv2.resize(noise, (20, 16), interpolation=cv2.INTER_AREA))
    np.testing.assert_allclose(doubled(small, half, noise), 25.0, atol=1e-3)
    np.testing.assert_allclose(enlarged(small, noise), 25.0, atol=1e-3)


def test_odd_and_tiny_sizes() -> None:
    for height, width in ((1, 1), (3, 5), (2, 7)):
        half = (-(-height // 2), -(-width // 2))
        colours = np.random.default_rng(0).normal(0, 20, (*half, 2)).astype(np.float32)
        fine = doubled(colours, np.zeros(half, np.float32), np.zeros((height, width), np.float32))
        assert fine.shape == (height, width, 2)
        assert fine.min() >= colours.min() - 1e-3
        assert fine.max() <= colours.max() + 1e-3


def test_the_guide_has_less_grain_and_the_same_edges() -> None:
    luma, _ = two_halves(32, 48, 24)
    grainy = luma + np.random.default_rng(2).normal(0, 0.01, luma.shape).astype(np.float32)
    quiet = quiet_guide(grainy)
    assert quiet[:, :20].std() < 0.6 * grainy[:, :20].std()
    assert float((quiet[:, 24] - quiet[:, 23]).mean()) > 0.55
