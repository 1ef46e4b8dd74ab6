"""Splices: two ends of film cemented together. The picture jumps, and the joint shows across two frames."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Mark
from reelfix.restoration.damage.noise import cloud, smooth_noise
from reelfix.restoration.damage.surface import Surface


@dataclass(frozen=True)
class Splices:
    """Joints in the film."""

    per_100_frames: float = 1.0
    """Mean count in 100 frames, where `at` names none."""
    at: tuple[int, ...] = ()
    """Frames that begin after a joint, 1 to T - 1: the cuts of the clip."""
    jump: float = 0.015
    """Standard deviation of the picture's jump up or down, as a fraction of its height; it settles in a
    frame or two."""
    line: tuple[float, float] = (0.003, 0.012)
    """Thickness of the joint's line, as such a fraction."""
    band: tuple[float, float] = (0.01, 0.07)
    """Height of the band beside it that the overlap and the cement darken or brighten."""
    bright: float = 0.6
    """Fraction of bright lines: scraped through; dark ones are dirt in the joint."""


@dataclass(frozen=True)
class Splice:
    """One joint."""

    frame: int
    """The first after it."""
    jump: float
    """In pixels, down."""


def draw_splices(settings: Splices, surface: Surface, random: np.random.Generator) -> list[Splice]:
    """Draw a clip's joints; the same at every call. Raises ValueError for a frame that none can be before."""
    random = deepcopy(random)
    if wrong := [frame for frame in settings.at if not 0 < frame < surface.frames]:
        raise ValueError(f"splice at frame {wrong[0]} must be in 1 to {surface.frames - 1}. Name another.")
    frames = settings.at
    if not frames and surface.frames > 1:
        count = random.poisson(settings.per_100_frames * surface.frames / 100)
        frames = tuple(sorted({int(random.integers(1, surface.frames)) for _ in range(count)}))
    height = surface.whole.height
    return [Splice(frame, float(settings.jump * height * random.standard_normal())) for frame in frames]


def splice_shifts(splices: list[Splice], frames: int) -> npt.NDArray[np.float32]:
    """What the joints add to each frame's shift down, in pixels, (T,): a jump, then less the other way."""
    shifts = np.zeros(frames, np.float32)
    for splice in splices:
        for later, share in enumerate((1.0, -0.4, 0.15)):
            if splice.frame + later < frames:
                shifts[splice.frame + later] += share * splice.jump
    return shifts


def splice_marks(settings: Splices, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay the joints' lines and bands over the frames on both sides."""
    splices = draw_splices(settings, surface, random)
    whole = surface.whole
    for splice, source in zip(splices, random.spawn(len(splices)), strict=True):
        bright = source.uniform() < settings.bright
        tone = source.uniform(0.85, 1.0) if bright else source.uniform(0.0, 0.12)
        thickness = max(1.2, whole.height * source.uniform(*settings.line))
        band = max(2.0, whole.height * source.uniform(*settings.band))
        veil = source.uniform(0.05, 0.3)
        veil_tone = source.uniform(0.0, 0.3) if source.uniform() < 0.6 else source.uniform(0.7, 1.0)
        # The line may be hidden in the bar between the frames on one of the sides.
        sides = [(splice.frame - 1, True), (splice.frame, False)]
        for frame, at_bottom in sides if source.uniform() < 0.4 else [sides[int(source.integers(2))]]:
            line, overlap = _joint(thickness, band, whole.width, source)
            rows = len(line)
            if at_bottom:
                line, overlap = line[::-1], overlap[::-1]
            place = source.uniform(-0.3, 1.0) * band
            top = round(whole.height - rows - place if at_bottom else place) - whole.top
            yield Mark(frame, top, -whole.left, overlap * np.float32(veil), float(veil_tone), "splice")
            yield Mark(frame, top, -whole.left, line, float(tone), "splice")


def _joint(thickness: float, band: float, width: int, random: np.random.Generator) -> tuple[Plane, Plane]:
    """Opacity (h, width) of a joint's line, ragged and slightly askew, and of the band from it upwards."""
    rows = int(band + 3 * thickness) + 6
    slope = random.normal(0, 0.004)
    x = np.arange(width)
    edge = rows - 2.5 * thickness - 3 + slope * (x - width / 2)
    # The cut is straight; what is ragged is what was scraped, and what dirt has filled.
    edge = edge + min(0.1 * thickness, 0.5) * smooth_noise(width, max(width / 150, 3.0), random)
    rough = smooth_noise(width, max(width / 25, 3.0), random) + smooth_noise(width, 3.0, random)
    deep = thickness * np.clip(0.8 + 0.18 * rough, 0.2, 1.5)
    y = np.arange(rows, dtype=np.float32)[:, None]
    line = np.clip((deep / 2 - np.abs(y - edge[None])) + 0.5, 0, 1)
    line *= np.clip(0.75 + 0.35 * cloud(rows, width, 6 * thickness, random), 0.1, 1.0)
    overlap = np.clip(edge[None] - y + 0.5, 0, 1) * np.clip((y - (edge[None] - band)) + 0.5, 0, 1)
    overlap *= np.clip(1 + 0.4 * cloud(rows, width, 2 * band, random), 0.2, 1.6)
    return (
        np.asarray(cv2.GaussianBlur(line, (0, 0), 0.7), dtype=np.float32),
        np.asarray(np.clip(overlap, 0, 1), dtype=np.float32),
    )
