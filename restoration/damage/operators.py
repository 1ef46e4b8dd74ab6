"""What damage does to pixels, as operators on clips; on the host with OpenCV, on any device with torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from reelfix.restoration.damage.grain import Grain
from reelfix.restoration.damage.marks import Kind, Mark
from reelfix.restoration.damage.tone import Curve
from reelfix.restoration.damage.weave import WeaveCurves


@dataclass(frozen=True)
class MarkTruth:
    """What marks did to a clip, on its device."""

    mask: torch.Tensor
    """uint8 (T, 2, H, W), 255 where a mark changed the picture visibly, else 0."""
    kinds: dict[Kind, torch.Tensor]
    """For every kind there was, the same as bool (T, H, W)."""
    strength: torch.Tensor
    """uint8 (T, H, W): the largest change that a mark made, times 255."""


def joined(one: MarkTruth, other: MarkTruth) -> MarkTruth:
    """What two layers of marks did to the same clip."""
    kinds = dict(one.kinds)
    for kind, marked in other.kinds.items():
        kinds[kind] = kinds[kind] | marked if kind in kinds else marked
    return MarkTruth(torch.maximum(one.mask, other.mask), kinds, torch.maximum(one.strength, other.strength))


class Operators(Protocol):
    """Operators on frames, float32 (T, C, H, W) in [0, 1]. They return new frames and leave theirs alone.

    Two sets exist, `HostOperators` and `TensorOperators`. Of the same draws they make the same frames to
    within 1e-4 (with OpenCV 5; older ones move pictures by whole 1/32 pixels), and masks that differ in less
    than 1 % of their marked pixels.
    """

    def blur(self, frames: torch.Tensor, sigma: float) -> torch.Tensor:
        """Blur by a Gaussian of `sigma` pixels; the edges mirrored."""
        ...

    def smear(self, frames: torch.Tensor, paths: Curve) -> torch.Tensor:
        """Blur each frame along its path, (T, 2): dx, dy in pixels."""
        ...

    def weave(self, frames: torch.Tensor, curves: WeaveCurves) -> torch.Tensor:
        """Turn and shift each frame; cubic, the edges mirrored."""
        ...

    def expose(self, frames: torch.Tensor, gains: Curve, gammas: Curve, knots: Curve | None) -> torch.Tensor:
        """Return `gain * frame ** gamma`, times the field of each frame's knots; not clipped."""
        ...

    def grain(self, frames: torch.Tensor, settings: Grain, random: np.random.Generator) -> torch.Tensor:
        """Lay grain down, see `grain.add_grain`."""
        ...

    def clumps(
        self, like: torch.Tensor, channels: int, size: float, random: np.random.Generator
    ) -> torch.Tensor:
        """Draw noise (T, channels, H, W) of unit variance, in clumps of deviation `size` pixels."""
        ...

    def lay(self, frames: torch.Tensor, marks: Iterable[Mark]) -> tuple[torch.Tensor, MarkTruth]:
        """Lay marks over the frames, in their order."""
        ...


def normal(
    shape: Sequence[int], random: np.random.Generator, device: torch.device | None = None
) -> torch.Tensor:
    """Draw standard normal numbers, float32, on a device (the CPU unless given), from a seed of `random`."""
    source = torch.Generator(device or "cpu").manual_seed(int(random.integers(2**63)))
    return torch.randn(tuple(shape), generator=source, device=device)


def gaussian(size: float) -> torch.Tensor:
    """The kernel of OpenCV for a deviation of `size`, float32 (n,), of sum 1."""
    reach = max(1, round(4 * size))
    axis = torch.arange(-reach, reach + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (axis / size) ** 2)
    return (kernel / kernel.sum()).to(torch.float32)
