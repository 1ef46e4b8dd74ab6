"""Gradient magnitude similarity deviation: a full-reference measure that needs no weights."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane, half_size

_C = 170 / 255**2
"""Xue et al.'s constant, 170 for pictures of 255 code values, for pictures in [0, 1]."""


def gmsd(picture: Plane, truth: Plane) -> float:
    """Gradient magnitude similarity deviation of two planes (H, W) in [0, 1]; 0 where equal, less is better.

    Xue et al., "Gradient Magnitude Similarity Deviation: A Highly Efficient Perceptual Image Quality Index",
    2014, eqs. 3 to 6: at half size, gradients m by Prewitt's filters, the map
    `(2 m_r m_d + c) / (m_r^2 + m_d^2 + c)`, and of it the standard deviation. An odd last row or column is
    repeated before halving. Raises ValueError for shapes that differ.
    """
    if picture.shape != truth.shape:
        raise ValueError(f"{picture.shape = } must equal {truth.shape = }.")
    ours, theirs = _gradient(half_size(picture)), _gradient(half_size(truth))
    likeness = (2 * ours * theirs + _C) / (ours * ours + theirs * theirs + _C)
    return float(likeness.std(dtype=np.float64))


def _gradient(plane: Plane) -> Plane:
    """Magnitude of the gradient, zeros beyond the edge."""
    prewitt = np.array([[1, 0, -1]] * 3, np.float32) / 3
    across, along = (
        cv2.filter2D(plane.astype(np.float32), -1, kernel, borderType=cv2.BORDER_CONSTANT)
        for kernel in (prewitt, prewitt.T.copy())
    )
    return np.sqrt(across * across + along * along)
