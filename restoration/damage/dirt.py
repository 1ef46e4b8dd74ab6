"""Dust and dirt: marks on one frame each."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.drawn import draw_blotch
from reelfix.restoration.damage.marks import Mark, place
from reelfix.restoration.damage.shapes import Shapes, StampKind
from reelfix.restoration.damage.stamping import outline_patch, stamp_patch
from reelfix.restoration.damage.surface import Surface

_BLOBS: tuple[StampKind, ...] = ("dots", "smut")
_CLOUDS: tuple[StampKind, ...] = ("dirt", "spots", "sprinkles")


@dataclass(frozen=True)
class Dirt:
    """Dust and dirt, each on one frame: dark on this film, bright if printed in from another.

    With true shapes most are outlines of real dust and dirt at their true size on the film's gauge; the rest
    are stamps: flakes of a size between `radius` and `largest`, and loose clusters of specks.
    """

    per_frame: float = 9.0
    """Mean count on a frame."""
    radius: float = 0.0065
    """Median radius, as a fraction of the picture's height."""
    spread: float = 0.6
    """Standard deviation of the radius's logarithm: a few are much larger than the rest."""
    largest: float = 0.06
    """Largest radius, as a fraction of the picture's height."""
    bright: float = 0.5
    """Fraction of bright ones."""
    dust: float = 0.5
    """Fraction of outlines of dust, of true shapes alone."""
    flakes: float = 0.2
    """Fraction of flakes."""
    clusters: float = 0.005
    """Fraction of clusters of specks; the rest are outlines of dirt."""


def dirt_marks(settings: Dirt, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay dirt on a film's surface."""
    for frame in range(surface.frames):
        for _ in range(random.poisson(settings.per_frame)):
            if surface.shapes is None:
                opacity = draw_blotch(_radius(settings, surface.height, random), random)
            else:
                opacity = _true_dirt(settings, surface, surface.shapes, random)
            opacity = opacity * np.float32(random.uniform(0.65, 1.0))
            yield place(frame, opacity, surface.shape, "dirt", settings.bright, random)


def _radius(settings: Dirt, height: int, random: np.random.Generator) -> float:
    radius = settings.radius * np.exp(settings.spread * random.standard_normal())
    return max(0.7, min(float(radius), settings.largest) * height)


def _true_dirt(settings: Dirt, surface: Surface, shapes: Shapes, random: np.random.Generator) -> Plane:
    choice = random.uniform()
    if choice < settings.flakes:
        stamps = shapes.stamps[_BLOBS[int(random.integers(len(_BLOBS)))]]
        stamp = stamps[int(random.integers(len(stamps)))]
        side = np.sqrt(np.pi) * _radius(settings, surface.height, random)
        return stamp_patch(stamp, side / stamp.size, random)
    outlines = shapes.outlines["Dust" if choice < settings.flakes + settings.dust else "Dirt"]
    outline = outlines[int(random.integers(len(outlines)))]
    if choice < 1 - settings.clusters:
        return outline_patch(outline, surface.pixels_per_mm, random)
    stamps = shapes.stamps[_CLOUDS[int(random.integers(len(_CLOUDS)))]]
    stamp = stamps[int(random.integers(len(stamps)))]
    # Its median speck gets this piece of dirt's size; the cluster fills a third of the picture at most.
    scale = outline.size * surface.pixels_per_mm / stamp.size
    return stamp_patch(stamp, min(scale, 0.33 * surface.height / max(stamp.alpha.shape)), random)
