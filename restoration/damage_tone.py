"""Damage of tones: flicker of the exposure, and grain."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

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
class Grain:
    """Light grain: its strength follows the tone, its size is that of the film's clumps."""

    strength: float = 0.010
    """Standard deviation at middle tones."""
    size: float = 0.55
    """Standard deviation of a clump, in pixels."""


def flicker_curves(settings: Flicker, frames: int, random: np.random.Generator) -> tuple[Curve, Curve]:
    """Draw each frame's gain and gamma: two arrays (T,)."""
    gains = np.exp(settings.gain * _persistent(frames, settings.persistence, random))
    gammas = np.exp(settings.gamma * _persistent(frames, settings.persistence, random))
    return gains.astype(np.float32), gammas.astype(np.float32)


def add_grain(
    settings: Grain, frame: npt.NDArray[np.float32], random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return one frame (C, H, W) with grain, clipped to [0, 1]; the channels' grain is independent.

    The deviation is largest at middle tones and falls to two fifths in black and white, where a developed
    emulsion has few, or no unexposed, grains left.
    """
    grainy = np.empty_like(frame)
    for channel, plane in enumerate(frame):
        noise = random.standard_normal(plane.shape, np.float32)
        if settings.size > 0:
            noise = cv2.GaussianBlur(noise, (0, 0), settings.size)
            noise /= max(float(noise.std()), 1e-6)
        deviation = settings.strength * (0.4 + 2.4 * plane * (1 - plane))
        grainy[channel] = np.clip(plane + deviation * noise, 0.0, 1.0)
    return grainy


def _persistent(count: int, persistence: float, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """A first-order autoregressive sequence (count,) of unit variance, clipped to two deviations."""
    steps = random.standard_normal(count)
    values = np.empty(count)
    value = steps[0] if count else 0.0
    for index in range(count):
        if index:
            value = persistence * value + np.sqrt(1 - persistence**2) * steps[index]
        values[index] = value
    return np.clip(values, -2.0, 2.0)
