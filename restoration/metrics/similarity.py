"""Structural similarity."""

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, luma_of

_TAPS, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
"""Wang et al.'s constants for pictures in [0, 1]."""


def ssim(clip: torch.Tensor, truth: torch.Tensor, *, every: int = 1) -> float:
    """Mean SSIM of the luma of every `every`th frame, (T, C, H, W) in [0, 1], C = 1 or 3; 1 where equal.

    Raises ValueError for shapes that differ, or pictures smaller than 11 x 11.
    """
    if clip.shape != truth.shape:
        raise ValueError(f"{tuple(clip.shape) = } must equal {tuple(truth.shape) = }.")
    scores = [
        plane_ssim(luma_of(as_array(clip[index])), luma_of(as_array(truth[index])))
        for index in range(0, len(clip), every)
    ]
    return sum(scores) / len(scores)


def plane_ssim(picture: Plane, truth: Plane) -> float:
    """Mean SSIM of two planes (H, W) in [0, 1].

    Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004: Gaussian
    windows of 11 x 11, deviation 1.5, wholly inside the picture. The same figure as scikit-image's
    `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1)`.
    """
    if picture.shape != truth.shape:
        raise ValueError(f"{picture.shape = } must equal {truth.shape = }.")
    if min(picture.shape) < _TAPS:
        raise ValueError(f"{picture.shape = } must be at least {_TAPS} x {_TAPS}.")
    first, second = (np.ascontiguousarray(plane, np.float64) for plane in (picture, truth))
    mean_a, mean_b = _smooth(first), _smooth(second)
    squares, product = mean_a * mean_a + mean_b * mean_b, mean_a * mean_b
    variances = _smooth(first * first + second * second) - squares
    covariance = _smooth(first * second) - product
    score = (2 * product + _C1) * (2 * covariance + _C2) / ((squares + _C1) * (variances + _C2))
    edge = _TAPS // 2
    return float(score[edge:-edge, edge:-edge].mean())


def _smooth(plane: Plane) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (_TAPS, _TAPS), _SIGMA))
