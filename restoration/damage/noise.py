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


def cloud(
    height: int, width: int, scale: float, random: np.random.Generator, octaves: int = 4, rough: float = 0.6
) -> Plane:
    """Fractal noise (height, width) of about unit variance: lumps of `scale` pixels, and ever finer ones.

    Each octave is half as large and `rough` times as strong as the one before.
    """
    total, power = np.zeros((height, width), np.float32), 0.0
    for octave in range(octaves):
        size = max(scale / 2**octave, 1.0)
        rows, columns = int(np.ceil(height / size)) + 3, int(np.ceil(width / size)) + 3
        knots = random.standard_normal((rows, columns), np.float32)
        offset = random.uniform(0, 1, 2)
        matrix = np.array([[1 / size, 0, 1 + offset[0]], [0, 1 / size, 1 + offset[1]]])
        smooth = cv2.warpAffine(
            knots,
            matrix,
            (width, height),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        total += np.float32(rough**octave) * np.asarray(smooth)
        power += rough ** (2 * octave) * 0.6  # cubic interpolation keeps 0.6 of the knots' variance
        if size <= 1.0:
            break
    return np.asarray(total / np.sqrt(power), dtype=np.float32)
