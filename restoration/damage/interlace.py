"""Interlace residue: frames whose even and odd lines are of two moments."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch


@dataclass(frozen=True)
class Interlace:
    """Combing that a transfer to video left."""

    frames: float = 0.4
    """Share of combed frames: 0.4 of a film run through 3:2 pulldown, in its cadence; 1 for all."""
    strength: float = 1.0
    """Below 1 for what a poor deinterlacer left of it."""


def combed_frames(settings: Interlace, frames: int, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw which frames are combed, 1 or 0, (T,): `frames` of five in a row, from a phase drawn."""
    phase = int(random.integers(5))
    cadence = (np.arange(frames) + phase) % 5 >= 5 - round(5 * settings.frames)
    return cadence.astype(np.float32)


def combed(settings: Interlace, pattern: npt.NDArray[np.float32], frames: torch.Tensor) -> torch.Tensor:
    """Return frames (T, C, H, W) whose odd lines, where `pattern` (T,) says so, are the next frame's."""
    mixed = frames.clone()
    for t, source in _pairs(pattern):
        mixed[t, :, 1::2].lerp_(frames[source, :, 1::2], settings.strength)
    return mixed


def combed_marks(pattern: npt.NDArray[np.float32], marks: torch.Tensor) -> torch.Tensor:
    """Return marks, uint8 (T, C, H, W), joined by the next frame's on the odd lines of combed frames."""
    mixed = marks.clone()
    for t, source in _pairs(pattern):
        mixed[t, :, 1::2] = torch.maximum(marks[t, :, 1::2], marks[source, :, 1::2])
    return mixed


def _pairs(pattern: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
    """Combed frames, and those that their odd lines come from: the next, for the last one that before."""
    last = len(pattern) - 1
    return [(int(t), int(t) + 1 if t < last else last - 1) for t in np.flatnonzero(pattern) if last > 0]
