"""The size that a net for colour is shown pictures at, and what is known and found brought to it and back."""

import torch
from torch.nn import functional

from reelfix.restoration.colour.net import Hints


def working_size(size: tuple[int, int], longest: int, multiple: int) -> tuple[int, int]:
    """Return a size (H, W) with its longest side reduced to `longest`, both rounded to multiples."""
    share = min(1.0, longest / max(size))
    height, width = (max(1, round(side * share / multiple)) * multiple for side in size)
    return height, width


def resized(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return planes (B, C, H, W) at another size, interpolated; reduced without aliasing."""
    if planes.shape[2:] == size:
        return planes
    return functional.interpolate(planes, size, mode="bilinear", antialias=True)


def hints_at(hints: Hints, size: tuple[int, int]) -> Hints:
    """Hints on a grid of another size: one point among many that become one cell stays as sure as it is."""
    if hints.weight.shape[2:] == size:
        return hints
    weight = functional.adaptive_avg_pool2d(hints.weight, size)
    ab = functional.adaptive_avg_pool2d(hints.ab * hints.weight, size) / weight.clamp_min(1e-6)
    return Hints(ab, functional.adaptive_max_pool2d(hints.weight, size))
