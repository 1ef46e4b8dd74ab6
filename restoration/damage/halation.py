"""Halation: light that went through the emulsion, and came back from the base around what was bright."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from reelfix.restoration.damage.operators import Operators

_FINE = 4
"""The glow is wide: it is made at a quarter of the size."""


@dataclass(frozen=True)
class Halation:
    """A glow around highlights; reddish in colour film, whose red layer lies lowest."""

    strength: float = 0.35
    """Of the glow of a large white field's edge."""
    radius: float = 0.015
    """Standard deviation of its spread, as a fraction of the picture's height."""
    threshold: float = 0.7
    """Tone from which on light spreads, in [0, 1)."""
    colour: tuple[float, float, float] = (1.0, 0.35, 0.12)
    """Shares of the red, green and blue layers; a gray picture has all of it."""


def halated(settings: Halation, frames: torch.Tensor, height: int, operators: Operators) -> torch.Tensor:
    """Return frames (T, C, H, W) in [0, 1] with the glow over them; `height`: the whole picture's."""
    size = frames.shape[2:]
    light = frames.amax(dim=1, keepdim=True).sub(settings.threshold).clamp_min_(0.0)
    small = functional.avg_pool2d(light, _FINE, ceil_mode=True, count_include_pad=False)
    glow = operators.blur(small, max(settings.radius * height / _FINE, 0.3))
    wide = functional.interpolate(
        glow, (small.shape[2] * _FINE, small.shape[3] * _FINE), mode="bilinear", align_corners=False
    )[:, :, : size[0], : size[1]]
    shares = frames.new_tensor(settings.colour if frames.shape[1] == 3 else (1.0,))[:, None, None]
    spread = wide * shares * (settings.strength / (1 - settings.threshold))
    return frames + (1 - frames) * spread.clamp_(0.0, 1.0)
