"""Running scratches: narrow, near-vertical lines that do not go with the picture.

A scratch is a ridge one to five pixels wide that stands over a good part of the height (Kokaram, "Motion
Picture Restoration", 1998, chapter 9). So is a pole or a window bar; but those go where the scene goes, or
their own way evenly, and a scratch, which stays in the gate or wanders as the film runs, does not. And it
runs: what is one is near the same place in the frames around (see `scratch_links`).
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np

from reelfix.restoration import scratch_links
from reelfix.restoration.arrays import Plane
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.line_strips import BANDS, LineStrip
from reelfix.restoration.scene_motion import SceneStep
from reelfix.restoration.scratch_evidence import evidence
from reelfix.restoration.scratch_links import Courses, between, courses_of, links_of
from reelfix.restoration.scratch_odds import Odds
from reelfix.restoration.scratch_places import Places, places_in
from reelfix.restoration.scratch_trace import pieces_of

COMPARED = 4
"""Frames to either side that places are compared with."""
_BESIDE = 2  # frames to either side whose places back those of a frame
REACH = COMPARED + _BESIDE + scratch_links.REACH
"""Frames to either side that what is found in one depends on."""

_BETWEEN = (5, 8)  # columns that a scratch may wander in one, and in two frames
_DOUBTFUL = -4.0  # logit of places where nothing stands upright

Item = TypeVar("Item")


@dataclass(frozen=True)
class Doubts:
    """Where ridges stand upright in a frame, and the odds that they are scratches."""

    places: Places
    logit: Plane
    """float32 (n,)."""


@dataclass(frozen=True)
class Known:
    """What is known of frames, by their number in the shot: for windows that overlap."""

    doubts: MutableMapping[int, Doubts] = field(default_factory=dict)
    courses: MutableMapping[int, Courses] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """The frames of a window, and the scene's motion, by their number in the shot."""

    strips: Mapping[int, LineStrip]
    steps: Mapping[tuple[int, int], SceneStep]
    """From frame t to the next, (t, 1), and to the one before, (t, -1)."""
    others: Mapping[int, list[int]]
    """The frames near each, within COMPARED, that show another picture."""
    shape: tuple[int, int]
    """(H, W)."""

    def around(self, wanted: range, reach: int) -> range:
        """The frames there are within `reach` of those wanted."""
        return range(
            max(wanted.start - reach, min(self.strips)), min(wanted.stop + reach, max(self.strips) + 1)
        )


def scratch_probability(
    scene: Scene, wanted: range, strength: float, odds: Odds, known: Known
) -> list[Plane]:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a running scratch; 128 and above: it is.

    One plane for each of the `wanted` frames; the scene has REACH more on either side of them where the shot
    has them. `strength` in (0, 1]: with a half, a scratch must stand out twice as far. What is `known` of
    frames is not found again, and what is found is added.
    """
    doubted = scene.around(wanted, _BESIDE + scratch_links.REACH)
    _complete(known.doubts, doubted, lambda t: doubts_of(scene, t, strength, odds))
    linked = scene.around(wanted, scratch_links.REACH)
    _complete(known.courses, linked, lambda t: courses_in(scene.strips[t], known.doubts, t, strength, odds))

    def found(t: int) -> Plane:
        courses = with_between(scene.strips[t], known.courses, t, strength, odds)
        return _laid(scene, t, courses[t], odds.of_links(courses[t].odds, links_of(courses, t)))

    return map_frames(found, wanted)


def _complete(known: MutableMapping[int, Item], frames: range, find: Callable[[int], Item]) -> None:
    missing = [t for t in frames if t not in known]
    known.update(zip(missing, map_frames(find, missing), strict=True))


def doubts_of(scene: Scene, t: int, strength: float, odds: Odds) -> Doubts:
    """Where ridges stand upright in frame `t`, and what the frames compared with say of each."""
    places, tall = places_in(scene.strips[t], strength)
    if len(places.band) == 0 or not scene.others[t]:
        return Doubts(places, np.full(len(places.band), _DOUBTFUL, np.float32))
    found = evidence(scene.strips, scene.steps, t, scene.others[t], places, tall, scene.shape)
    return Doubts(places, odds.of_places(found))


def courses_in(
    strip: LineStrip, doubts: Mapping[int, Doubts], t: int, strength: float, odds: Odds
) -> Courses:
    """The pieces of frame `t`, with the odds of each by itself."""
    own = doubts[t]
    pieces = pieces_of(strip, own.places, own.logit, _backing(doubts, t, strip), strength)
    return courses_of(pieces, odds.of_pieces(pieces), strip.luma.shape[0])


def with_between(
    strip: LineStrip, courses: Mapping[int, Courses], t: int, strength: float, odds: Odds
) -> dict[int, Courses]:
    """The courses around frame `t`, and in it those too that the frames next to it lead to expect."""
    around = {
        u: courses[u] for u in range(t - scratch_links.REACH, t + scratch_links.REACH + 1) if u in courses
    }
    if t - 1 in around and t + 1 in around:
        more = between(strip, around[t - 1], around[t + 1], around[t], strength)
        if more:
            pieces = [*around[t].pieces, *more]
            around[t] = courses_of(pieces, odds.of_pieces(pieces), strip.luma.shape[0])
    return around


def other_pictures(repeats: list[bool], frame: int, reach: int) -> list[int]:
    """The frames within `reach` of `frame` that show another picture than it does, in their order."""
    found = []
    for way in (-1, 1):
        same = True
        for t in range(frame + way, frame + way * (reach + 1), way):
            if not 0 <= t <= len(repeats):
                break
            same = same and repeats[min(t, t - way)]
            if not same:
                found.append(t)
    return sorted(found)


def _backing(doubts: Mapping[int, Doubts], frame: int, strip: LineStrip) -> Plane:
    """What the frames around say of the places of `frame`: (n, 2), mean of the best two, and of all."""
    places = doubts[frame].places
    told = [
        _told(doubts[t], strip, _BETWEEN[abs(t - frame) - 1])[places.polarity, places.band, places.column]
        for t in range(frame - _BESIDE, frame + _BESIDE + 1)
        if t != frame and t in doubts
    ]
    ordered = -np.sort(-np.stack(told), axis=0)
    return np.stack([ordered[:2].mean(axis=0), ordered.mean(axis=0)], axis=1)


def _told(doubts: Doubts, strip: LineStrip, reach: int) -> Plane:
    """Highest logit within `reach` columns and a band: (2, BANDS, columns)."""
    planes = np.full((2, BANDS, strip.luma.shape[1]), _DOUBTFUL, np.float32)
    places = doubts.places
    planes[places.polarity, places.band, places.column] = np.clip(doubts.logit, _DOUBTFUL, -_DOUBTFUL)
    kernel = np.ones((3, 2 * reach + 1), np.uint8)
    return np.stack([cv2.dilate(plane, kernel) for plane in planes])


def _laid(scene: Scene, t: int, courses: Courses, logits: Plane) -> Plane:
    """The plane (H, W) uint8 of a frame's scratches."""
    plane = np.zeros(scene.shape, np.uint8)
    chosen = [int(number) for number in np.flatnonzero(logits > 0)]
    if len(chosen) == 0:
        return plane
    field = np.zeros(scene.strips[t].luma.shape, np.float32)
    for number in chosen:
        piece = courses.pieces[number]
        chance = 1 / (1 + np.exp(-logits[number]))
        field[piece.rows, piece.columns] = np.maximum(field[piece.rows, piece.columns], chance)
    # A cell is marked to its edge, however doubtful it is.
    size = scene.shape[::-1]
    covered = (field > 0).astype(np.uint8) * np.uint8(255)
    marked = cv2.resize(covered, size, interpolation=cv2.INTER_LINEAR) >= 128
    broad = cv2.dilate(field, np.ones((3, 3), np.uint8))
    chance = cv2.resize(np.rint(broad * 255).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    np.maximum(chance, 128, out=plane, where=marked)
    return plane
