"""Running scratches: vertical lines that run down many frames."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Mark, draw_tone
from reelfix.restoration.damage.noise import smooth_noise
from reelfix.restoration.damage.surface import Surface

_STROKE_WIDTH = 2.5
"""Full width at half the opacity of the strokes in scratch textures, in their pixels."""


_LAYERS = ((0.5, 1.0, 0.5), (1.0, 0.95, 0.45), (0.5, 0.6, 1.0), (0.5, 0.95, 1.0))
"""What is left where layers are gone: of prints the magenta one, then the cyan one too; of reversal films
the yellow one, then the magenta one too."""


@dataclass(frozen=True)
class Scratches:
    """Running scratches: vertical, semi-transparent, wandering and broken, over many frames.

    With true shapes their opacity has the texture of strokes of real scratches.
    """

    per_100_frames: float = 7.0
    """Mean count begun in 100 frames; at least one in a clip."""
    frames: tuple[int, int] = (10, 60)
    """Shortest and longest run."""
    width: tuple[float, float] = (0.9, 2.2)
    """Thinnest and thickest, in pixels (full width at half the opacity)."""
    opacity: tuple[float, float] = (0.25, 0.75)
    wander: float = 0.004
    """Standard deviation of the sideways wandering, as a fraction of the picture's width."""
    broken: float = 0.25
    """Fraction of a scratch's run that is interrupted."""
    bright: float = 0.6
    """Fraction of bright ones."""
    tramlines: float = 0.0
    """Fraction that has one or two companions, running beside it at a steady distance."""
    coloured: float = 0.0
    """Fraction of bright ones that went through a colour film's upper layers alone, and take their colour."""


@dataclass(frozen=True)
class _Track:
    """A scratch along the film: its place and its opacity are functions of the place, not of the frame."""

    centre: npt.NDArray[np.float64]
    """Column at every row of every frame of the run, (frames * H,)."""
    opacity: npt.NDArray[np.float64]
    """(frames * H,) in [0, 1]."""
    sigma: float
    """Deviation of its profile, in pixels."""
    tone: float
    texture: Plane | None
    """float32 (frames * H, across) in [0, 1]; None for a smooth profile."""


def scratch_marks(settings: Scratches, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay running scratches on a film's surface."""
    for _ in range(max(1, random.poisson(settings.per_100_frames * surface.frames / 100))):
        length = int(random.integers(settings.frames[0], settings.frames[1] + 1))
        begin = int(random.integers(-length // 2, max(1, surface.frames - length // 2)))
        track = _track(settings, length, surface, random)
        # Drawn where it is asked for alone: without it scratches are those that they were.
        through = settings.coloured > 0 and random.uniform() < settings.coloured and track.tone > 0.5
        colour = _LAYERS[int(random.integers(len(_LAYERS)))] if through else None
        offsets = [0.0]
        if settings.tramlines > 0 and random.uniform() < settings.tramlines:
            gaps = random.uniform(0.004, 0.02, int(random.integers(1, 3))) * surface.width
            offsets += [float(gap) for gap in np.cumsum(gaps)]
        for offset in offsets:
            for number in range(max(0, -begin), min(length, surface.frames - begin)):
                mark = _mark(track, begin + number, number, offset, surface.height)
                yield replace(mark, colour=colour)


def _track(settings: Scratches, length: int, surface: Surface, random: np.random.Generator) -> _Track:
    height, width = surface.height, surface.width
    along = length * height
    wander = settings.wander * width * smooth_noise(along, 1.5 * height, random)
    centre = random.uniform(0.04, 0.96) * width + wander + 0.3 * smooth_noise(along, height / 12, random)
    depth = smooth_noise(along, height / 3, random) + 0.5 * smooth_noise(along, height / 25, random)
    opened = np.clip((depth - np.quantile(depth, settings.broken)) / 0.25, 0.0, 1.0)
    # It wears in and out over a third of a frame.
    ends = np.minimum(np.arange(along), np.arange(along)[::-1]) / (height / 3)
    opacity = random.uniform(*settings.opacity) * opened * np.clip(ends, 0.0, 1.0)
    sigma = random.uniform(*settings.width) / 2.355
    tone = draw_tone(settings.bright, random)
    texture = None
    if surface.shapes is not None:
        texture = _texture(surface.shapes.scratch_textures, along, 2.355 * sigma / _STROKE_WIDTH, random)
    return _Track(centre, opacity, sigma, tone, texture)


def _texture(strokes: tuple[Plane, ...], along: int, scale: float, random: np.random.Generator) -> Plane:
    """Join strokes end to end until they are long enough: (along, across), their middles as bright as 1."""
    pieces: list[Plane] = []
    total = 0
    while total < along:
        stroke = strokes[int(random.integers(len(strokes)))]
        stroke = stroke[:: 1 if random.uniform() < 0.5 else -1]
        # A running scratch is drawn out along the film: two to six times as long as the stroke.
        rows = max(2, round(len(stroke) * scale * random.uniform(2.0, 6.0)))
        piece = np.asarray(cv2.resize(stroke, (stroke.shape[1], rows), interpolation=cv2.INTER_LINEAR))
        pieces.append(piece / max(float(np.quantile(piece.max(axis=1), 0.7)), 1e-3))
        total += rows
    return np.asarray(np.clip(np.concatenate(pieces)[:along], 0.0, 1.0), dtype=np.float32)


def _mark(track: _Track, frame: int, number: int, offset: float, height: int) -> Mark:
    """The part of a scratch that lies on one frame."""
    here = slice(number * height, (number + 1) * height)
    centre = track.centre[here] + offset
    left = int(np.floor(centre.min() - 3 * track.sigma)) - 1
    right = int(np.ceil(centre.max() + 3 * track.sigma)) + 2
    across = np.arange(left, right)[None] - centre[:, None]  # H x w
    if track.texture is None:
        profile = np.exp(-0.5 * (across / track.sigma) ** 2)
    else:
        texture = track.texture[here]
        scale = _STROKE_WIDTH / (2.355 * track.sigma)
        columns = (across * scale + texture.shape[1] // 2).astype(np.float32)
        rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], columns.shape)
        profile = np.asarray(
            cv2.remap(texture, columns, np.ascontiguousarray(rows), cv2.INTER_LINEAR, borderValue=0)
        )
    opacity = profile * track.opacity[here, None]
    return Mark(frame, 0, left, opacity.astype(np.float32), track.tone, "scratch")
