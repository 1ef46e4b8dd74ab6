"""Generations: a print of a negative of a print. Each is a little softer, harder, and grainier."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Generations:
    """Optical or contact copies, one from another."""

    count: int = 2
    blur: float = 0.5
    """Standard deviation of the blur of each copy, in pixels."""
    contrast: float = 1.08
    """Slope of each copy's tone curve in the middle tones; 1 to 1.45. Shadows and highlights close up."""
    grain: float = 0.008
    """Standard deviation of each copy's own grain, at middle tones."""
    size: float = 0.5
    """Standard deviation of its clumps, in pixels."""


def printed(frames: torch.Tensor, contrast: float) -> torch.Tensor:
    """Return frames (T, C, H, W) in [0, 1] on the S-shaped curve of a print.

    `x + 2 (contrast - 1) x (1 - x) (2 x - 1)`: black, middle gray and white stay; it rises throughout for a
    contrast below 1.5.
    """
    held = frames.clamp(0.0, 1.0)
    if contrast == 1.0:
        return held
    bend = held.mul(2.0).sub_(1.0).mul_(held).mul_(1.0 - held)
    return held.add_(bend, alpha=2.0 * (contrast - 1.0))
