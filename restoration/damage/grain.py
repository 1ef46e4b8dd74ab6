"""Grain, and a lens's blur."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Grain:
    """Grain: its strength follows the tone, its size is that of the film's clumps."""

    strength: float = 0.010
    """Standard deviation at middle tones."""
    size: float = 0.55
    """Standard deviation of a clump, in pixels."""


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


def blurred(frame: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    """Return one frame (C, H, W), blurred by a Gaussian of `sigma` pixels."""
    planes = [cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for plane in frame]
    return np.stack(planes).astype(np.float32)
