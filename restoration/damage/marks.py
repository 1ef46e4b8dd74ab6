"""Marks on a film's surface: patches of opacity and tone, each of one kind and on one frame."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

VISIBLE = 0.02
"""A mark counts as damage where it changes the picture by more than this (5 code values of 255)."""

DIRT, SCRATCH = 0, 1
"""The planes of a mask: marks on one frame, and those that stay for many."""

Kind = Literal[
    "dirt",
    "hair",
    "blotch",
    "abrasion",
    "gate hair",
    "scratch",
    "stain",
    "mould",
    "hole",
    "corner",
    "splice",
    "cue mark",
    "drop-out",
]

PLANES: MappingProxyType[Kind, int] = MappingProxyType(
    {
        "dirt": DIRT,
        "hair": DIRT,
        "blotch": DIRT,
        "abrasion": DIRT,
        "gate hair": SCRATCH,
        "scratch": SCRATCH,
        "stain": DIRT,
        "mould": DIRT,
        "hole": DIRT,
        "corner": DIRT,
        "splice": DIRT,
        "cue mark": SCRATCH,
        "drop-out": DIRT,
    }
)
"""The plane of the mask that each kind lies in."""


@dataclass(frozen=True)
class Mark:
    """One patch of damage on one frame: `picture = (1 - opacity) picture + opacity tone`."""

    frame: int
    top: int
    left: int
    """Place of the patch's corner; a patch may hang over the picture's edge."""
    opacity: Plane
    """float32 (h, w) in [0, 1]."""
    tone: float
    """What shows through the hole or lies on the film, in [0, 1]."""
    kind: Kind
    colour: tuple[float, float, float] | None = None
    """What `tone` is multiplied by in red, green and blue; None for gray, and of no matter in a gray clip."""

    def tones(self, channels: int) -> float | npt.NDArray[np.float32]:
        """The tone of each of so many channels: one number, or (3, 1, 1)."""
        if self.colour is None or channels != 3:
            return self.tone
        return np.array(self.colour, np.float32)[:, None, None] * np.float32(self.tone)


@dataclass(frozen=True)
class Laid:
    """What marks did to a clip."""

    mask: npt.NDArray[np.uint8]
    """(T, 2, H, W), 255 where a mark changed the picture visibly, else 0."""
    kinds: dict[Kind, npt.NDArray[np.bool_]]
    """For every kind there was, the same as (T, H, W)."""
    strength: npt.NDArray[np.uint8]
    """(T, H, W): the largest change that a mark made, times 255."""


def draw_tone(bright: float, random: np.random.Generator) -> float:
    """Near white for bright marks, a fraction `bright` of them, near black for dark ones."""
    return float(random.uniform(0.85, 1.0) if random.uniform() < bright else random.uniform(0.0, 0.16))


def place(
    frame: int,
    opacity: Plane,
    shape: tuple[int, int, int],
    kind: Kind,
    bright: float,
    random: np.random.Generator,
) -> Mark:
    """Put a patch's centre anywhere on a picture of `shape` (T, H, W)."""
    top = int(random.integers(shape[1])) - opacity.shape[0] // 2
    left = int(random.integers(shape[2])) - opacity.shape[1] // 2
    return Mark(frame, top, left, opacity, draw_tone(bright, random), kind)


def lay(frames: npt.NDArray[np.float32], marks: Iterable[Mark]) -> Laid:
    """Lay the marks over the frames (T, C, H, W), in place."""
    count, channels, height, width = frames.shape
    kinds: dict[Kind, npt.NDArray[np.bool_]] = {}
    strength = np.zeros((count, height, width), np.uint8)
    for mark in marks:
        rows, columns = mark.opacity.shape
        top, bottom = max(mark.top, 0), min(mark.top + rows, height)
        left, right = max(mark.left, 0), min(mark.left + columns, width)
        if top >= bottom or left >= right:
            continue
        opacity = mark.opacity[top - mark.top : bottom - mark.top, left - mark.left : right - mark.left]
        picture = frames[mark.frame, :, top:bottom, left:right]
        change = opacity * (mark.tones(channels) - picture)  # C x h x w
        picture += change
        if mark.kind not in kinds:
            kinds[mark.kind] = np.zeros((count, height, width), np.bool_)
        largest = np.abs(change).max(axis=0)
        kinds[mark.kind][mark.frame, top:bottom, left:right] |= largest > VISIBLE
        known = strength[mark.frame, top:bottom, left:right]
        np.maximum(known, np.rint(largest * 255).astype(np.uint8), out=known)
    mask = np.zeros((count, 2, height, width), np.uint8)
    for kind, marked in kinds.items():
        mask[:, PLANES[kind]][marked] = 255
    return Laid(mask, kinds, strength)
