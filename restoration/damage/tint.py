"""Tinting and toning: a monochrome picture in the colours of its dyes and metals."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Tint:
    """Tinting dyes the whole film, so its highlights; toning colours the silver, so the shadows."""

    highlights: Colour = (1.0, 0.92, 0.78)
    """What white becomes, (red, green, blue) in [0, 1]."""
    shadows: Colour = (0.0, 0.0, 0.0)
    """What black becomes."""
    amount: float = 1.0
    """0 leaves the picture monochrome."""


TINTS: Mapping[str, Tint] = MappingProxyType(
    {
        "amber": Tint((1.0, 0.80, 0.45)),
        "straw": Tint((1.0, 0.93, 0.66)),
        "rose": Tint((1.0, 0.76, 0.76)),
        "red": Tint((1.0, 0.42, 0.30)),
        "green": Tint((0.72, 0.95, 0.66)),
        "night blue": Tint((0.55, 0.72, 1.0)),
        "lavender": Tint((0.86, 0.78, 0.98)),
        "sepia": Tint((0.99, 0.93, 0.80), (0.13, 0.07, 0.03)),
        "iron blue": Tint((0.96, 0.98, 1.0), (0.04, 0.10, 0.27)),
        "copper": Tint((1.0, 0.95, 0.90), (0.25, 0.09, 0.05)),
        "yellowed base": Tint((1.0, 0.96, 0.86), (0.05, 0.04, 0.03)),
    }
)
"""Looks that were common; the values are as such scans show them."""


def tinted(settings: Tint, frames: torch.Tensor) -> torch.Tensor:
    """Return colour frames (T, 3, H, W) in [0, 1] as a tinted monochrome print; gray ones as they are."""
    if frames.shape[1] != 3:
        return frames
    weights = frames.new_tensor((0.299, 0.587, 0.114))[:, None, None]
    luma = (frames * weights).sum(dim=1, keepdim=True)
    white, black = (
        frames.new_tensor(ends)[:, None, None] for ends in (settings.highlights, settings.shadows)
    )
    return luma + settings.amount * (black + (white - black) * luma - luma)
