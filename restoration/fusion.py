"""Pictures of several times fused into one: how far is looked, what counts, what it comes to."""

from dataclasses import dataclass

import torch

_SAME_SCENE = (0.15, 0.3)
"""Mean confidence of the motion up to which another frame shows another scene, and from which the same one:
0.12 at a cut, 0.3 to 0.99 within shots of real films."""


@dataclass(frozen=True)
class Reach:
    """How far smoothing looks."""

    back: float = 4.0
    """Frames that what came before counts for at most."""
    ahead: int = 3
    """Frames looked ahead."""


def same_scene(trust: torch.Tensor) -> torch.Tensor:
    """How far frames whose motion is trusted so, (N, h, w), show the scene of the one in hand: (N, 1, 1).

    A cut within the shot, one that was not found, must not be smoothed over.
    """
    other, same = _SAME_SCENE
    return ((trust.mean(dim=(1, 2), keepdim=True) - other) / (same - other)).clamp(0, 1)


def fused(
    values: torch.Tensor,
    weights: torch.Tensor,
    *,
    has_past: bool,
    most: float,
    own: torch.Tensor | float = 1.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fuse differences (N, ...) to the frame by their weights, the frame's being `own`.

    Returns what is to be added to the frame given the past alone, and given all, (2, ...); and how many
    frames the first is made of. The past, which comes first, counts for `most` frames at most.
    """
    past = weights[0].clamp_max(most) if has_past else torch.zeros_like(weights[0])
    before = past * values[0]
    ahead = slice(1 if has_past else 0, None)
    total = own + past + weights[ahead].sum(dim=0)
    everything = before + (weights[ahead] * values[ahead]).sum(dim=0)
    return torch.stack([before / (own + past), everything / total]), own + past
