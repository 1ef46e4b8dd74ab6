"""Fading: a print whose blacks have risen, whose whites have sunk, and whose contrast is another."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Fading:
    """Loss of contrast: `picture = black + (white - black) * picture ** gamma`."""

    black: float = 0.10
    """Where black has risen to, in [0, 1)."""
    white: float = 0.88
    """Where white has sunk to, above `black`."""
    gamma: float = 1.0
    """Above 1 the middle tones sink, below 1 they rise."""


def faded(settings: Fading, frames: torch.Tensor) -> torch.Tensor:
    """Return frames, float32 (T, C, H, W) in [0, 1], with their contrast lost."""
    bent = frames if settings.gamma == 1.0 else frames.clamp_min(0.0).pow(settings.gamma)
    return bent.mul(settings.white - settings.black).add_(settings.black)
