"""Flicker: exposure that changes from frame to frame, over the whole picture and from place to place."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.damage.noise import persistent

Curve = npt.NDArray[np.float32]
"""One number for each frame, (T,)."""


@dataclass(frozen=True)
class Flicker:
    """Exposure that changes from frame to frame: `picture = gain * picture ** gamma`."""

    gain: float = 0.10
    """Standard deviation of the gain's logarithm; held within twice that."""
    gamma: float = 0.05
    """Standard deviation of the gamma's logarithm; held within twice that."""
    persistence: float = 0.25
    """Correlation with the frame before: 0 jumps freely, near 1 drifts slowly."""


@dataclass(frozen=True)
class LocalFlicker:
    """Flicker that differs from place to place: a smooth field of gains, another for each frame."""

    gain: float = 0.05
    """Standard deviation of the gain's logarithm at the knots; held within twice that."""
    knots: tuple[int, int] = (3, 4)
    """Rows and columns of the grid that the field is interpolated from."""
    persistence: float = 0.25
    """Correlation with the frame before."""


def flicker_curves(settings: Flicker, frames: int, random: np.random.Generator) -> tuple[Curve, Curve]:
    """Draw each frame's gain and gamma: two arrays (T,)."""
    gains = np.exp(settings.gain * persistent(frames, settings.persistence, random))
    gammas = np.exp(settings.gamma * persistent(frames, settings.persistence, random))
    return gains.astype(np.float32), gammas.astype(np.float32)


def local_knots(settings: LocalFlicker, frames: int, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw the logarithms of the gains at the knots, (T, rows, columns)."""
    knots = settings.gain * persistent(frames, settings.persistence, random, settings.knots)
    return knots.astype(np.float32)


def gain_field(knots: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """Interpolate one frame's knots (rows, columns) to its gains (H, W), cubic in the logarithm."""
    return np.exp(cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)).astype(np.float32)
