"""Hairs and lint: thin curved lines, on one frame or stuck in the gate for many."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.drawn import draw_hair
from reelfix.restoration.damage.marks import Mark, draw_tone, place
from reelfix.restoration.damage.noise import persistent
from reelfix.restoration.damage.shapes import Shapes, StampKind
from reelfix.restoration.damage.stamping import outline_patch, stamp_patch
from reelfix.restoration.damage.surface import Surface

HAIR_MM = 0.042
"""Width of a hair: area over length of the outlines of real ones (median of 380)."""

_STAMPS: tuple[StampKind, ...] = ("hair", "hair-short", "lint")


@dataclass(frozen=True)
class Hairs:
    """Hairs and lint, each on one frame. With true shapes half are outlines at true size, half are stamps."""

    per_frame: float = 0.35
    """Mean count on a frame."""
    length: tuple[float, float] = (0.04, 0.3)
    """Shortest and longest, as fractions of the picture's height."""
    width: tuple[float, float] = (0.9, 1.8)
    """Thinnest and thickest, in pixels; with true shapes at least as wide as a hair on the film's gauge."""
    bright: float = 0.4
    """Fraction of bright ones."""


@dataclass(frozen=True)
class GateHairs:
    """Hairs stuck in the gate: rooted at an edge mostly, at one place for many frames, swaying a little."""

    per_100_frames: float = 3.0
    """Mean count begun in 100 frames; at least one in a clip."""
    frames: tuple[int, int] = (10, 200)
    """Shortest and longest stay."""
    length: tuple[float, float] = (0.06, 0.35)
    """Shortest and longest, as fractions of the picture's height."""
    width: tuple[float, float] = (1.2, 3.0)
    """Thinnest and thickest, in pixels."""
    sway: float = 0.0015
    """Standard deviation of its moving to and fro, as a fraction of the picture's height."""
    across: float = 0.25
    """Fraction that lie anywhere in the picture, not at an edge."""
    bright: float = 0.15
    """Fraction of bright ones: a hair stops the light, and is bright only when printed from a negative."""


def hair_marks(settings: Hairs, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay hairs and lint on a film's surface."""
    shortest, longest = settings.length
    for frame in range(surface.frames):
        for _ in range(random.poisson(settings.per_frame)):
            # Short lint is commoner than long hair: uniform in the logarithm.
            length = max(surface.height * shortest * (longest / shortest) ** random.uniform(), 4.0)
            width = random.uniform(*settings.width)
            if surface.shapes is not None and random.uniform() < 0.5:
                outlines = surface.shapes.outlines["Long hair" if random.uniform() < 0.4 else "Short hair"]
                outline = outlines[int(random.integers(len(outlines)))]
                opacity = outline_patch(outline, surface.pixels_per_mm, random)
            else:
                opacity = _line(length, width, surface, random)
            opacity = opacity * np.float32(random.uniform(0.6, 1.0))
            yield place(frame, opacity, surface.shape, "hair", settings.bright, random)


def gate_hair_marks(settings: GateHairs, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay hairs in the gate over a clip."""
    shortest, longest = settings.length
    for _ in range(max(1, random.poisson(settings.per_100_frames * surface.frames / 100))):
        stay = int(random.integers(settings.frames[0], settings.frames[1] + 1))
        begin = int(random.integers(-(stay // 2), max(1, surface.frames - stay // 2)))
        length = surface.height * random.uniform(shortest, longest)
        width = random.uniform(*settings.width)
        opacity = _line(length, width, surface, random) * np.float32(random.uniform(0.6, 1.0))
        # It lies a little off the film, out of focus.
        opacity = np.asarray(cv2.GaussianBlur(opacity, (0, 0), random.uniform(0.3, 0.9)), np.float32)
        top, left = _gate_place(settings, opacity, surface, random)
        tone = draw_tone(settings.bright, random)
        sway = persistent(stay, 0.6, random, (3,))
        for number in range(max(0, -begin), min(stay, surface.frames - begin)):
            shift = sway[number, :2] * settings.sway * surface.height
            moved = _swayed(opacity, shift, float(sway[number, 2]))
            yield Mark(begin + number, top - 4, left - 4, moved, tone, "gate hair")


def _line(length: float, width: float, surface: Surface, random: np.random.Generator) -> Plane:
    """A hair or piece of lint of this length and width in pixels: opacity (h, w)."""
    shapes: Shapes | None = surface.shapes
    if shapes is None:
        return draw_hair(length, width, random)
    stamps = shapes.stamps[_STAMPS[int(random.integers(len(_STAMPS)))]]
    stamp = stamps[int(random.integers(len(stamps)))]
    width = max(width, HAIR_MM * surface.pixels_per_mm)
    return stamp_patch(stamp, length / stamp.size, random, line_width=width)


def _gate_place(
    settings: GateHairs, opacity: Plane, surface: Surface, random: np.random.Generator
) -> tuple[int, int]:
    """Top and left of a patch: a quarter of it hangs over an edge, or it lies across the picture."""
    rows, columns = opacity.shape
    top = int(random.integers(surface.height)) - rows // 2
    left = int(random.integers(surface.width)) - columns // 2
    if random.uniform() >= settings.across:
        edge = int(random.integers(4))
        if edge < 2:
            top = -rows // 4 if edge == 0 else surface.height - 3 * rows // 4
        else:
            left = -columns // 4 if edge == 2 else surface.width - 3 * columns // 4
    return top, left


def _swayed(opacity: Plane, shift: np.ndarray[tuple[int], np.dtype[np.float64]], degrees: float) -> Plane:
    """A patch, moved by parts of a pixel and turned by about a degree; 4 pixels larger on every side."""
    padded = cv2.copyMakeBorder(opacity, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=0)
    rows, columns = padded.shape
    matrix = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), 0.5 * degrees, 1.0)
    matrix[:, 2] += np.clip(shift, -3.0, 3.0)
    return np.asarray(cv2.warpAffine(padded, matrix, (columns, rows), flags=cv2.INTER_LINEAR))
