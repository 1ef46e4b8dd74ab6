"""Film damage, synthesised: a clean clip goes in, the damaged one comes out, with the truth of what was done.

Order of events, as on film: the exposure flickers and the emulsion's grain is laid down, then dirt, hairs and
scratches come upon it. A kind of damage is a settings class and one function (`damage_marks`, `damage_tone`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import as_array
from reelfix.restoration.damage_marks import (
    Dirt,
    Hairs,
    Mark,
    Scratches,
    dirt_marks,
    hair_marks,
    scratch_marks,
)
from reelfix.restoration.damage_tone import Flicker, Grain, add_grain, flicker_curves

VISIBLE = 0.02
"""A mark counts as damage where it changes the picture by more than this (5 code values of 255)."""


@dataclass(frozen=True)
class DamageSettings:
    """What befalls a clip, kind by kind; None leaves a kind out."""

    flicker: Flicker | None = field(default_factory=Flicker)
    grain: Grain | None = field(default_factory=Grain)
    dirt: Dirt | None = field(default_factory=Dirt)
    hairs: Hairs | None = field(default_factory=Hairs)
    scratches: Scratches | None = field(default_factory=Scratches)


@dataclass(frozen=True)
class DamagedClip:
    """A damaged clip, and the truth of what was done to it."""

    frames: torch.Tensor
    """float32 (T, C, H, W) in [0, 1]."""
    mask: torch.Tensor
    """uint8 (T, 2, H, W), planes dirt (hairs too) and scratch: 255 where a mark changed the picture by more
    than VISIBLE, else 0."""
    gains: torch.Tensor
    """float32 (T,): each frame's gain; 1 without flicker."""
    gammas: torch.Tensor
    """float32 (T,): each frame's gamma; 1 without flicker."""
    settings: DamageSettings


def damage_clip(clip: torch.Tensor, settings: DamageSettings, random: np.random.Generator) -> DamagedClip:
    """Damage `clip`, float32 (T, C, H, W) in [0, 1]; the same seed and shape give the same damage.

    Every kind draws from a generator of its own, spawned off `random`: to change one kind, or to leave it
    out, leaves the others where they were.
    """
    frames = as_array(clip).astype(np.float32, copy=True)
    count, _, height, width = frames.shape
    shape = (count, height, width)
    for_flicker, for_grain, for_dirt, for_hairs, for_scratches = random.spawn(5)
    gains, gammas = np.ones(count, np.float32), np.ones(count, np.float32)
    if settings.flicker is not None:
        gains, gammas = flicker_curves(settings.flicker, count, for_flicker)
        _expose(frames, gains, gammas)
    if settings.grain is not None:
        for index in range(count):
            frames[index] = add_grain(settings.grain, frames[index], for_grain)
    marks: list[Iterable[Mark]] = []
    if settings.scratches is not None:
        marks.append(scratch_marks(settings.scratches, shape, for_scratches))
    if settings.dirt is not None:
        marks.append(dirt_marks(settings.dirt, shape, for_dirt))
    if settings.hairs is not None:
        marks.append(hair_marks(settings.hairs, shape, for_hairs))
    mask = _lay(frames, chain.from_iterable(marks))
    return DamagedClip(
        torch.from_numpy(frames),
        torch.from_numpy(mask),
        torch.from_numpy(gains),
        torch.from_numpy(gammas),
        settings,
    )


def _expose(
    frames: npt.NDArray[np.float32], gains: npt.NDArray[np.float32], gammas: npt.NDArray[np.float32]
) -> None:
    """Give every frame its tone curve, in place."""
    for frame, gain, gamma in zip(frames, gains, gammas, strict=True):
        np.clip(gain * frame**gamma, 0.0, 1.0, out=frame)


def _lay(frames: npt.NDArray[np.float32], marks: Iterator[Mark]) -> npt.NDArray[np.uint8]:
    """Lay the marks over the frames, in place; return the mask (T, 2, H, W) of what they changed visibly."""
    count, _, height, width = frames.shape
    mask = np.zeros((count, 2, height, width), np.uint8)
    for mark in marks:
        rows, columns = mark.opacity.shape
        top, bottom = max(mark.top, 0), min(mark.top + rows, height)
        left, right = max(mark.left, 0), min(mark.left + columns, width)
        if top >= bottom or left >= right:
            continue
        opacity = mark.opacity[top - mark.top : bottom - mark.top, left - mark.left : right - mark.left]
        picture = frames[mark.frame, :, top:bottom, left:right]
        change = opacity * (mark.tone - picture)  # C x h x w
        picture += change
        changed = np.abs(change).max(axis=0) > VISIBLE
        mask[mark.frame, mark.plane, top:bottom, left:right][changed] = 255
    return mask
