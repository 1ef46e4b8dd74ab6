"""Cue marks: four frames' dots at the top right that tell the projectionist of the reel's end."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Mark
from reelfix.restoration.damage.noise import cloud
from reelfix.restoration.damage.surface import Surface

FRAMES = 4


@dataclass(frozen=True)
class CueMarks:
    """One row of cue marks in a clip."""

    begin: int | None = None
    """First marked frame; None for anywhere."""
    radius: tuple[float, float] = (0.014, 0.028)
    """As a fraction of the picture's height."""
    oval: float = 0.4
    """Fraction of oval ones, up to twice as high as wide."""
    black: float = 0.4
    """Fraction of black ones, printed from a punched negative; the rest are punched, or scratched by hand."""


def cue_marks(settings: CueMarks, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Put one row of cue marks on a film."""
    whole = surface.whole
    begin = int(random.integers(max(1, surface.frames - FRAMES + 1)))
    begin = begin if settings.begin is None else settings.begin
    radius = whole.height * random.uniform(*settings.radius)
    stretch = np.sqrt(random.uniform(1.3, 2.0)) if random.uniform() < settings.oval else 1.0
    axes = (max(1.5, radius / stretch), max(1.5, radius * stretch))
    x = whole.width - whole.height * random.uniform(0.06, 0.14) - whole.left
    y = whole.height * random.uniform(0.05, 0.11) - whole.top
    black, by_hand = random.uniform() < settings.black, random.uniform() < 0.5
    tone, other = (0.02, 0.9) if black else (0.97, 0.08)
    for frame in range(max(begin, 0), min(begin + FRAMES, surface.frames)):
        dot, rim = _dot(axes, 0.25 if by_hand else 0.03, random)
        top, left = (
            round(place + random.normal(0, 0.002) * whole.height) - side // 2
            for place, side in zip((y, x), dot.shape, strict=True)
        )
        yield Mark(frame, top, left, rim * np.float32(random.uniform(0.3, 0.9)), other, "cue mark")
        yield Mark(frame, top, left, dot, tone, "cue mark")


def _dot(axes: tuple[float, float], ragged: float, random: np.random.Generator) -> tuple[Plane, Plane]:
    """An ellipse of half axes x, y with an edge more or less `ragged`; and the same with its rim about it."""
    half = int(1.8 * max(axes)) + 4
    axis = np.arange(-half, half + 1, dtype=np.float32)
    radius = float(np.sqrt(axes[0] * axes[1]))
    level = (1 - np.hypot(axis[None] / axes[0], axis[:, None] / axes[1])) * radius
    level = level + ragged * radius * cloud(len(axis), len(axis), 0.6 * radius, random)
    dot, rim = (np.clip(level + grown + 0.5, 0, 1).astype(np.float32) for grown in (0.0, 0.12 * radius + 0.7))
    return (
        np.asarray(cv2.GaussianBlur(dot, (0, 0), 0.6), dtype=np.float32),
        np.asarray(cv2.GaussianBlur(rim, (0, 0), 0.6), dtype=np.float32),
    )
