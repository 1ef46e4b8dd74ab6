"""Smooth random sequences and planes that damage is drawn with."""

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane


def noise_plane(size: int, sigma: float, random: np.random.Generator) -> Plane:
    """Smooth noise (size, size) of unit variance."""
    noise = cv2.GaussianBlur(random.standard_normal((size, size), np.float32), (0, 0), sigma)
    return np.asarray(noise / max(float(noise.std()), 1e-6), dtype=np.float32)


def smooth_noise(count: int, sigma: float, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Smooth noise (count,) of zero mean and unit variance, correlated over about `sigma` samples."""
    knots = int(np.ceil(count / sigma)) + 4
    values = np.convolve(random.standard_normal(knots + 2), [0.25, 0.5, 0.25], "valid") / np.sqrt(0.375)
    places = np.arange(count) / sigma + 1
    first = places.astype(int)
    # Between the knots: Catmull-Rom, so that neither place nor slope jumps.
    t = places - first
    a, b, c, d = (values[first + step] for step in (-1, 0, 1, 2))
    curve = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return np.asarray(0.5 * curve, dtype=np.float64)


def persistent(
    count: int, persistence: float, random: np.random.Generator, shape: tuple[int, ...] = ()
) -> npt.NDArray[np.float64]:
    """First-order autoregressive sequences (count, *shape) of unit variance, clipped to two deviations."""
    steps = random.standard_normal((count, *shape))
    values = np.empty((count, *shape))
    for index in range(count):
        if index == 0:
            values[0] = steps[0]
        else:
            values[index] = persistence * values[index - 1] + np.sqrt(1 - persistence**2) * steps[index]
    return np.clip(values, -2.0, 2.0)
