"""The size that a net for colour is shown pictures at, and what is known and found brought to it and back."""

from collections.abc import Callable

import torch
from torch.nn import functional

from reelfix.restoration.colour.net import Hints, Prediction


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


def each_alone(
    predict: Callable[[torch.Tensor, Hints | None], Prediction], luma: torch.Tensor, hints: Hints | None
) -> Prediction:
    """Colour pictures (B, 1, H, W) one by one: each one's bytes are the same beside whatever others."""
    alone = []
    for index in range(len(luma)):
        one = slice(index, index + 1)
        alone.append(predict(luma[one], Hints(hints.ab[one], hints.weight[one]) if hints else None))
    return Prediction(*(torch.cat(planes) for planes in zip(*alone, strict=True)))
