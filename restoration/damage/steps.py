"""The order of events: what befalls a clip, one step after another."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import torch

Role = Literal["blur", "weave", "tone", "grain", "marks", "signal"]
"""What a step does: it takes detail away; moves the picture; changes its tones; adds grain; hides parts of
it; or is done to the video signal that a scan became."""


@dataclass(frozen=True)
class Step:
    """One thing that befalls a clip."""

    role: Role
    apply: Callable[[torch.Tensor], torch.Tensor]
    """Takes frames, float32 (T, C, H, W) in [0, 1], and returns new ones of that shape and range."""


def taken(frames: torch.Tensor, steps: Iterable[Step], without: Collection[Role] = ()) -> torch.Tensor:
    """Take the steps in their order, but for those of the roles in `without`."""
    for step in steps:
        if step.role not in without:
            frames = step.apply(frames)
    return frames
