"""The grain of a shot, measured frame by frame as a stage makes it, and put together for the next."""

from collections.abc import Sequence

import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array, luma_of
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.grain_measure import FramePair, measure_grain, nothing_told
from reelfix.restoration.grain_profile import GrainProfile, packed, profile_of, unpacked
from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import repeats_in

_DAMAGED = 128  # probability, in 1/255


def measured(
    frames: torch.Tensor,
    grainy: torch.Tensor,
    mask: torch.Tensor | None,
    motion: Motion,
    core: slice,
    wanted: Sequence[bool],
) -> torch.Tensor:
    """Return what each frame of the core tells of its grain, (T, profile_size); 0 for one not `wanted`.

    `frames` and `grainy`, after and before grain was taken, float32 (T, C, H, W) in [0, 1]; `mask` uint8
    (T, 2, H, W), see `detect`; `motion` of the same frames; all with a frame more than the core on either
    side where the shot has one. A frame is compared with the next, or where that repeats it the one before.
    """
    clean, originals = as_array(frames), as_array(grainy)
    hidden: Plane | None = None if mask is None else np.max(as_array(mask), axis=1) >= _DAMAGED
    first, stop, _ = core.indices(len(clean))

    def told(t: int) -> torch.Tensor:
        nothing = nothing_told(clean.shape[1])
        step = _step(originals, t) if wanted[t - first] else 0
        if not step:
            return torch.from_numpy(packed(nothing))
        flow, trust = motion.flow(t, step)
        damage = None if hidden is None else (hidden[t], hidden[t + step])
        with_grain, without = ((planes[t], planes[t + step]) for planes in (originals, clean))
        grain = measure_grain(FramePair(with_grain, without, damage, flow, trust))
        return torch.from_numpy(packed(grain))

    return torch.stack(map_frames(told, range(first, stop))).to(frames.device)


def _step(frames: Image, t: int) -> int:
    """The way to the neighbour of frame t that shows the scene anew; 0 where none does."""
    for step in (1, -1):
        if 0 <= t + step < len(frames):
            lumas = [luma_of(frames[t]), luma_of(frames[t + step])]
            if not repeats_in(lumas)[0]:
                return step
    return 0


def shot_profile(values: torch.Tensor, channels: int) -> GrainProfile | None:
    """Put together the grain of a shot from its `measured` frames; None where none of them tells it."""
    rows = as_array(values)
    return profile_of([unpacked(row, channels) for row in rows if row.any()])
