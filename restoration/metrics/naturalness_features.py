"""Statistics of natural scenes: what NIQE looks at, 36 numbers of each block of a picture."""

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from reelfix.restoration.arrays import Plane

BLOCK = 96
"""Rows and columns of a block, at full size."""
COUNT = 36
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
_ALPHAS = np.arange(0.2, 10.001, 0.001)
_EPSILON = float(np.finfo(np.float64).eps)
_FLAT = 1e-9
"""Code values: less is what rounding leaves of a flat place."""

Blocks = npt.NDArray[np.float64]
"""Numbers of each block, float64 (blocks, ...)."""


def block_features(plane: Plane) -> tuple[Blocks, Blocks]:
    """Describe each whole block of a plane (H, W) in [0, 1]: (blocks, 36), and its sharpness (blocks,).

    Mittal et al., "Making a Completely Blind Image Quality Analyzer", 2013, section II, as pyiqa computes
    it: code values of 255 steps, normalised by local mean and deviation (7 x 7 Gaussian, 7/6), at full size
    and at half of it (MATLAB's bicubic `imresize`); of each block the parameters of asymmetric generalised
    Gaussians fitted to the values and to products of neighbours. NaN in blocks that are flat. Sharpness:
    the mean of the local deviation at full size.
    """
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    codes = np.rint(plane[: rows * BLOCK, : columns * BLOCK].astype(np.float64) * 255)
    if not codes.size:
        return np.empty((0, COUNT)), np.empty(0)
    normal, deviation = _normalised(codes)
    full = _described(_cut(normal, BLOCK))
    half = _described(_cut(_normalised(_halved(codes))[0], BLOCK // 2))
    return np.concatenate([full, half], axis=1), _cut(deviation, BLOCK).mean(axis=(1, 2))


def _normalised(codes: Plane) -> tuple[Plane, Plane]:
    """Return the locally normalised plane, and the local deviation."""
    mean, square = (
        cv2.GaussianBlur(values, (7, 7), 7 / 6, borderType=cv2.BORDER_REPLICATE)
        for values in (codes, codes * codes)
    )
    deviation = np.sqrt(np.abs(square - mean * mean) + _EPSILON)
    apart = codes - mean
    apart[np.abs(apart) < _FLAT] = 0.0
    return apart / (deviation + 1), deviation


def _halved(codes: Plane) -> Plane:
    """Halve a plane of even size as MATLAB's imresize(0.5): cubic of a = -0.5, widened against aliasing."""
    distances = np.abs(np.arange(8) - 3.5) / 2
    taps = np.where(
        distances <= 1,
        1.5 * distances**3 - 2.5 * distances**2 + 1,
        -0.5 * distances**3 + 2.5 * distances**2 - 4 * distances + 2,
    )
    taps /= taps.sum()
    filtered = cv2.sepFilter2D(codes, -1, taps, taps, anchor=(3, 3), borderType=cv2.BORDER_REFLECT)
    return np.asarray(filtered[::2, ::2])


def _cut(plane: Plane, side: int) -> Blocks:
    """(H, W) to (blocks, side, side)."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    return plane.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def _described(blocks: Blocks) -> Blocks:
    """Return the 18 numbers of each normalised block (blocks, h, w)."""
    alpha, left, right = _fitted(blocks)
    found = [alpha, (left + right) / 2]
    for shift in _SHIFTS:
        alpha, left, right = _fitted(blocks * np.roll(blocks, shift, axis=(1, 2)))
        mean = (right - left) * np.exp(gammaln(2 / alpha) - gammaln(1 / alpha))  # eq. 8
        found += [alpha, mean, left, right]
    return np.stack(found, axis=1)


def _fitted(blocks: Blocks) -> tuple[Blocks, Blocks, Blocks]:
    """Fit an asymmetric generalised Gaussian to each block: its alpha, beta left and beta right.

    Lasmar et al., "Multiscale Skewed Heavy Tailed Model for Texture Analysis", 2009: by moments, alpha to the
    nearest thousandth.
    """
    ratios = np.exp(
        2 * gammaln(2 / _ALPHAS) - gammaln(1 / _ALPHAS) - gammaln(3 / _ALPHAS)
    )  # rises with alpha
    squares = blocks * blocks
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (
            np.sqrt((squares * side).sum(axis=(1, 2)) / side.sum(axis=(1, 2)))
            for side in (blocks < 0, blocks > 0)
        )
        skew = left / right
        ratio = np.abs(blocks).mean(axis=(1, 2)) ** 2 / squares.mean(axis=(1, 2))
        wanted = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    above = np.searchsorted(ratios, np.nan_to_num(wanted)).clip(1, len(ratios) - 1)
    nearest = above - (wanted - ratios[above - 1] < ratios[above] - wanted)
    alpha = np.where(np.isfinite(wanted), _ALPHAS[nearest], np.nan)
    scale = np.exp((gammaln(1 / alpha) - gammaln(3 / alpha)) / 2)
    return alpha, left * scale, right * scale
