"""Frames with their damage filled from neighbours, each filled once however windows overlap."""

import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import REACH
from reelfix.restoration.restore import restore_damage

FILL_REACH = REACH + 1
"""Frames on either side that a filled frame depends on."""


class FilledFrames:
    """What `restore_damage` makes of a shot's frames; the last few are kept for the window that follows."""

    def __init__(self, kept: int) -> None:
        """Keep the `kept` last frames of each window: those that the next one asks for again."""
        self._most = kept
        self._kept: dict[int, torch.Tensor] = {}

    def filled(
        self, frames: torch.Tensor, mask: torch.Tensor, motion: Motion, wanted: slice, start: int
    ) -> torch.Tensor:
        """Return `frames[wanted]` filled at full strength; arguments as in `restore_damage`.

        `wanted` ends FILL_REACH frames before the window does, or with the shot; and so it begins.
        """
        first, stop, _ = wanted.indices(len(frames))
        known = first
        while known < stop and start + known in self._kept:
            known += 1
        parts = [self._kept[start + t] for t in range(first, known)]
        if known < stop:
            around = slice(max(known - FILL_REACH, 0), min(stop + FILL_REACH, len(frames)))
            core = slice(known - around.start, stop - around.start)
            parts.extend(
                restore_damage(frames[around], mask[around], motion[around], core, start=start + around.start)
            )
        last = range(max(first, stop - self._most), stop)
        self._kept = {start + t: parts[t - first].clone() for t in last}
        return torch.stack(parts)
