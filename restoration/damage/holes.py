"""Holes, and corners that are torn off: no film is left, or only its bare base."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Kind, Mark
from reelfix.restoration.damage.noise import cloud
from reelfix.restoration.damage.surface import Surface


@dataclass(frozen=True)
class Holes:
    """Holes torn or burnt into single frames, with a ragged edge of lifted emulsion."""

    per_100_frames: float = 1.5
    """Mean count in 100 frames."""
    size: tuple[float, float] = (0.03, 0.25)
    """Smallest and largest root of the area, as fractions of the picture's height; log-uniform."""
    black: float = 0.4
    """Fraction of black ones: printed from, or scanned without light through them."""


@dataclass(frozen=True)
class Corners:
    """Corners torn off, on one frame or two in a row."""

    per_100_frames: float = 2.0
    """Mean count in 100 frames."""
    size: tuple[float, float] = (0.05, 0.35)
    """Shortest and longest that is missing of a side, as fractions of the picture's height."""
    black: float = 0.5
    """Fraction of black ones."""


def hole_marks(settings: Holes, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Tear holes into a film."""
    whole = surface.whole
    smallest, largest = settings.size
    for _ in range(random.poisson(settings.per_100_frames * surface.frames / 100)):
        radius = max(2.0, whole.height * smallest * (largest / smallest) ** random.uniform() / np.sqrt(np.pi))
        top = int(random.integers(whole.height)) - whole.top
        left = int(random.integers(whole.width)) - whole.left
        frame = int(random.integers(surface.frames))
        own = np.random.default_rng(int(random.integers(2**63)))
        if _overlaps((top - 4 * radius, top + 4 * radius), (left - 4 * radius, left + 4 * radius), surface):
            distance = _hole(radius, own)
            half = len(distance) // 2
            yield from _torn(distance, radius, frame, top - half, left - half, "hole", settings.black, own)


def _hole(radius: float, random: np.random.Generator) -> Plane:
    """How far inside a hole's edge each pixel is, (n, n): an ellipse, bent by noise."""
    stretch = np.sqrt(random.uniform(1.0, 2.0))
    half = int(2.2 * radius * stretch) + 4
    axis = np.arange(-half, half + 1, dtype=np.float32)
    angle = random.uniform(0, np.pi)
    along = (axis[None] * np.cos(angle) + axis[:, None] * np.sin(angle)) / stretch
    across = (axis[:, None] * np.cos(angle) - axis[None] * np.sin(angle)) * stretch
    distance = radius - np.hypot(along, across)
    distance += radius * 0.22 * cloud(len(axis), len(axis), radius, random, 6, 0.55)
    # The noise must not make holes at the patch's very edge.
    distance -= np.maximum(np.hypot(axis[None], axis[:, None]) - 0.8 * half, 0) * 2
    return np.asarray(distance, dtype=np.float32)


def corner_marks(settings: Corners, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Tear corners off a film."""
    whole = surface.whole
    for _ in range(random.poisson(settings.per_100_frames * surface.frames / 100)):
        reach_y, reach_x = whole.height * random.uniform(*settings.size, 2)
        at_bottom, at_right = random.uniform(size=2) < 0.5
        frame = int(random.integers(surface.frames))
        own = np.random.default_rng(int(random.integers(2**63)))
        rows, columns = int(1.6 * reach_y) + 4, int(1.6 * reach_x) + 4
        top = (whole.height - rows if at_bottom else 0) - whole.top
        left = (whole.width - columns if at_right else 0) - whole.left
        if _overlaps((top, top + rows), (left, left + columns), surface):
            distance = _corner(reach_y, reach_x, rows, columns, own)
            turned = distance[:: -1 if at_bottom else 1, :: -1 if at_right else 1]
            size = 0.5 * float(np.sqrt(reach_y * reach_x))
            kept = np.ascontiguousarray(turned)
            yield from _torn(kept, size, frame, top, left, "corner", settings.black, own)


def _corner(reach_y: float, reach_x: float, rows: int, columns: int, random: np.random.Generator) -> Plane:
    """How far beyond the tear each pixel of a patch at the top left is, (rows, columns)."""
    y = np.arange(rows, dtype=np.float32)[:, None] + 0.5
    x = np.arange(columns, dtype=np.float32)[None] + 0.5
    # A straight tear for 1, hollow below, bulging above.
    bulge = random.uniform(0.7, 1.6)
    reach = float(np.sqrt(reach_y * reach_x))
    distance = (1 - ((y / reach_y) ** bulge + (x / reach_x) ** bulge)) * reach / 2
    distance += 0.06 * reach * cloud(rows, columns, 0.5 * reach, random, 6, 0.6)
    distance -= np.maximum(np.maximum(y / rows, x / columns) - 0.85, 0) * 4 * reach
    return np.asarray(distance, dtype=np.float32)


def _overlaps(rows: tuple[float, float], columns: tuple[float, float], surface: Surface) -> bool:
    """Whether something of these rows and columns of the clip lies on it."""
    return rows[0] < surface.height and rows[1] > 0 and columns[0] < surface.width and columns[1] > 0


def _torn(
    distance: Plane,
    size: float,
    frame: int,
    top: int,
    left: int,
    kind: Kind,
    black: float,
    random: np.random.Generator,
) -> Iterator[Mark]:
    """What is gone, where `distance` (in pixels, roughly, to its edge) is above 0, and the emulsion lifted
    about it.
    """
    is_black = random.uniform() < black
    rows, columns = distance.shape
    lifted = size * random.uniform(0.03, 0.12) + 1.0
    crazed = lifted * 0.35 * cloud(rows, columns, max(2.5 * lifted, 3.0), random, 4, 0.7)
    edge = np.clip((distance + lifted + crazed) / 2.5 + 0.5, 0.0, 1.0) * random.uniform(0.3, 0.8)
    edge *= np.clip(0.75 + 0.35 * cloud(rows, columns, max(lifted, 3.0), random, 3, 0.8), 0.1, 1.2)
    rim = np.asarray(cv2.GaussianBlur(edge.astype(np.float32), (0, 0), 0.6), dtype=np.float32)
    # The base is bare about a hole: light comes through it, but for a hole that is burnt.
    burnt = is_black and random.uniform() < 0.4
    yield Mark(frame, top, left, rim, float(random.uniform(0.1, 0.3) if burnt else 0.8), kind)
    gone = np.clip(distance / 1.2 + 0.5, 0.0, 1.0).astype(np.float32)
    tone = random.uniform(0.0, 0.05) if is_black else random.uniform(0.93, 1.0)
    soft = np.asarray(cv2.GaussianBlur(gone, (0, 0), 0.5), dtype=np.float32)
    yield Mark(frame, top, left, soft, float(tone), kind)
