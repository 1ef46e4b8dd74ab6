"""Low resolution: a picture that once had fewer pixels, and was scaled up."""

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class LowResolution:
    """Scaled down, then up to its size again."""

    factor: float = 2.0
    """Times fewer lines and columns; above 1."""
    sharp: bool = True
    """Scaled up cubically, else linearly."""


def lowered(settings: LowResolution, frames: torch.Tensor) -> torch.Tensor:
    """Return frames (T, C, H, W), scaled down by the mean over areas (antialiased, linear) and up again."""
    height, width = frames.shape[2:]
    size = (max(2, round(height / settings.factor)), max(2, round(width / settings.factor)))
    small = functional.interpolate(frames, size, mode="bilinear", antialias=True, align_corners=False)
    mode = "bicubic" if settings.sharp else "bilinear"
    return functional.interpolate(small, (height, width), mode=mode, align_corners=False).clamp_(0.0, 1.0)
