"""Finding the shots that show the same place, by the structure of a few frames of each.

Frames are shrunk, rid of light and shade (local mean and contrast; Ojala's and others' ground for comparing
places under changing light), and laid over each other with room to move. Two shots show the same place where
a frame of one correlates strongly with one of the other; a group needs that between most of its shots.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.colour_hints import Span
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.scenes import Member, Scene
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.source_frames import SourceFrames

Small = npt.NDArray[np.float32]
"""(h, w): a frame shrunk, its light and contrast made even."""

_WIDTH = 96
_BORDER = 0.08
"""Of the picture, left out on every side: a rounded gate or a mask is the same all over a reel."""
_ROOM = 0.1
"""Of the picture, that one may lie off the other in either direction."""
_FRAMES = 5
"""Of each shot, that are looked at."""
_GRAIN, _LIGHT = 1.0, 7.0
"""Widths, in pixels of the small picture, below and above which nothing is compared."""
_LEAST_CONTRAST = 0.012
"""Of the peak: what is flatter than that is no structure, but grain."""
ALIKE = 0.52
"""Correlation from which two shots show the same place: of unlike places, in 1700 pairs, none was above 0.41,
of one place seen again by a camera left standing, few below 0.6."""


@dataclass(frozen=True)
class ShotLook:
    """What a shot is recognised by."""

    shot: Shot
    key: int
    """The reel's frame that stands for it: the one most like the others."""
    pictures: tuple[Small, ...]


def detect_scenes(
    reel: Reel, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Scene, ...]:
    """Return groups of two shots or more that show the same place, in the order of the reel.

    Conservative: a place missed can be joined by hand. `progress` gets the shots looked at, and their number.
    """
    shots = reel.shots()
    looks = []
    for done, look in enumerate(_looks(reel, shots), start=1):
        looks.append(look)
        progress(done, len(shots))
    groups = grouped(_likenesses(looks), ALIKE)
    return tuple(
        Scene(
            tuple(
                Member(Span(looks[place].shot.start, looks[place].shot.stop), looks[place].key)
                for place in group
            )
        )
        for group in groups
        if len(group) > 1
    )


def _looks(reel: Reel, shots: Sequence[Shot]) -> Iterator[ShotLook]:
    damaged = {frame.frame for frame in reel.info.damaged}
    for shot in shots:
        source = SourceFrames(reel, shot)
        places = np.linspace(0, shot.frame_count - 1, 2 * _FRAMES + 1)[1::2].round().astype(int)
        frames = sorted({int(place) for place in places})
        sound = [frame for frame in frames if shot.start + frame not in damaged] or frames
        pictures = [even_picture(source.read(frame, frame + 1)["frames"][0]) for frame in sound]
        yield ShotLook(shot, shot.start + sound[_most_typical(pictures)], tuple(pictures))


def even_picture(frame: npt.NDArray[np.uint16]) -> Small:
    """Shrink a frame (C, H, W), its border left out, to its structure alone: of zero mean, even contrast."""
    height, width = frame.shape[1:]
    top, left = round(_BORDER * height), round(_BORDER * width)
    inner = frame[:, top : height - top, left : width - left].astype(np.float32).mean(axis=0) / 65535
    size = (_WIDTH, max(round(_WIDTH * inner.shape[0] / inner.shape[1]), 16))
    small = cv2.resize(inner, size, interpolation=cv2.INTER_AREA)
    detail = _blurred(small, _GRAIN) - _blurred(small, _LIGHT)
    contrast = np.sqrt(_blurred(detail * detail, _LIGHT))
    return np.asarray(detail / (contrast + np.float32(_LEAST_CONTRAST)), dtype=np.float32)


def likeness(one: Small, other: Small) -> float:
    """Return how well two pictures correlate, at best, when one is moved over the other: -1 to 1."""
    if one.shape != other.shape:
        return 0.0
    rows, columns = (max(round(_ROOM * size), 1) for size in one.shape)
    found = 0.0
    for first, second in ((one, other), (other, one)):
        inner = np.ascontiguousarray(first[rows:-rows, columns:-columns])
        scores: Any = cv2.matchTemplate(second, inner, cv2.TM_CCOEFF_NORMED)
        found += float(scores.max()) / 2
    return found


def grouped(alike: npt.NDArray[np.float32], least: float) -> list[list[int]]:
    """Group places 0..N-1 by their likenesses (N, N): the two most alike first, until under `least`.

    Groups are as alike as their members on average (average linkage): one chance likeness joins no groups.
    """
    groups = [[place] for place in range(len(alike))]
    while len(groups) > 1:
        pairs = [
            (float(alike[np.ix_(one, other)].mean()), first, second)
            for (first, one), (second, other) in combinations(enumerate(groups), 2)
        ]
        best, first, second = max(pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]))
        if best < least:
            break
        groups[first] = sorted([*groups[first], *groups.pop(second)])
    return sorted(groups)


def _likenesses(looks: Sequence[ShotLook]) -> npt.NDArray[np.float32]:
    """The best likeness between any frames of two shots: (N, N), 1 on the diagonal."""
    alike = np.eye(len(looks), dtype=np.float32)
    for one, other in combinations(range(len(looks)), 2):
        best = max(likeness(a, b) for a in looks[one].pictures for b in looks[other].pictures)
        alike[one, other] = alike[other, one] = best
    return alike


def _most_typical(pictures: Sequence[Small]) -> int:
    """The picture most like all others: no flash, no splice, no one walking by."""
    totals = [sum(likeness(one, other) for other in pictures) for one in pictures]
    return int(np.argmax(totals))


def _blurred(picture: Small, width: float) -> Small:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), width, borderType=cv2.BORDER_REFLECT), np.float32)
