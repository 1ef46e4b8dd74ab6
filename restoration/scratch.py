"""Running scratches: narrow, near-vertical lines that do not go with the picture.

A scratch is a ridge one to five pixels wide that stands over a good part of the height (Kokaram, "Motion
Picture Restoration", 1998, chapter 9). So is a pole or a window bar; but those go where the scene goes, or
their own way evenly, and a scratch, which stays in the gate or wanders as the film runs, does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.line_strips import BANDS, LineStrip
from reelfix.restoration.scene_motion import SceneStep
from reelfix.restoration.scratch_evidence import Places, evidence, places_in
from reelfix.restoration.scratch_odds import piece_odds, place_odds
from reelfix.restoration.scratch_trace import pieces_of

REACH = 6
"""Frames to either side that what is found in one depends on."""

_BESIDE = 2  # frames to either side whose places back those of a frame
_COMPARED = REACH - _BESIDE  # frames to either side that places are compared with
_BETWEEN = (5, 8)  # columns that a scratch may wander in one, and in two frames
_DOUBTFUL = -4.0  # logit of places where nothing stands upright


@dataclass(frozen=True)
class _Doubts:
    """Where ridges stand upright in a frame, and the odds that they are scratches."""

    places: Places
    logit: Plane
    """float32 (n,)."""


def scratch_probability(
    strips: Mapping[int, LineStrip],
    steps: Mapping[tuple[int, int], SceneStep],
    repeats: list[bool],
    wanted: range,
    shape: tuple[int, int],
    strength: float,
) -> list[Plane]:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a running scratch; 128 and above: it is.

    One plane of `shape` (H, W) for each of the `wanted` frames. `strips` of all frames in the window, which
    has REACH more on either side of the wanted ones where the shot has them; `steps[t, way]`: the scene's
    motion from frame t to the next (1) or to the one before (-1); `repeats`: see `neighbours.repeats_in`;
    `strength` in (0, 1]: with a half, a scratch must stand out twice as far.
    """

    def doubts(t: int) -> _Doubts:
        places, tall = places_in(strips[t], strength)
        others = other_pictures(repeats, t, _COMPARED)
        if len(places.band) == 0 or not others:
            return _Doubts(places, np.full(len(places.band), _DOUBTFUL, np.float32))
        return _Doubts(places, place_odds(evidence(strips, steps, t, others, places, tall, shape)))

    frames = range(max(wanted.start - _BESIDE, 0), min(wanted.stop + _BESIDE, len(strips)))
    doubted = dict(zip(frames, map_frames(doubts, frames), strict=True))

    def found(t: int) -> Plane:
        return _laid(strips[t], doubted[t], _backing(doubted, t, strips[t]), shape, strength)

    return map_frames(found, wanted)


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


def _backing(doubted: dict[int, _Doubts], frame: int, strip: LineStrip) -> Plane:
    """What the frames around say of the places of `frame`: (n, 2), mean of the best two, and of all."""
    places = doubted[frame].places
    told = [
        _told(doubted[t], strip, _BETWEEN[abs(t - frame) - 1])[places.polarity, places.band, places.column]
        for t in range(frame - _BESIDE, frame + _BESIDE + 1)
        if t != frame and t in doubted
    ]
    ordered = -np.sort(-np.stack(told), axis=0)
    return np.stack([ordered[:2].mean(axis=0), ordered.mean(axis=0)], axis=1)


def _told(doubts: _Doubts, strip: LineStrip, reach: int) -> Plane:
    """Highest logit within `reach` columns and a band: (2, BANDS, columns)."""
    planes = np.full((2, BANDS, strip.luma.shape[1]), _DOUBTFUL, np.float32)
    places = doubts.places
    planes[places.polarity, places.band, places.column] = np.clip(doubts.logit, _DOUBTFUL, -_DOUBTFUL)
    kernel = np.ones((3, 2 * reach + 1), np.uint8)
    return np.stack([cv2.dilate(plane, kernel) for plane in planes])


def _laid(
    strip: LineStrip, doubts: _Doubts, backing: Plane, shape: tuple[int, int], strength: float
) -> Plane:
    """The plane (H, W) uint8 of a frame's scratches."""
    pieces = pieces_of(strip, doubts.places, doubts.logit, backing, strength)
    if not pieces:
        return np.zeros(shape, np.uint8)
    field = np.zeros(strip.luma.shape, np.float32)
    for piece, logit in zip(pieces, piece_odds(np.stack([piece.traits for piece in pieces])), strict=True):
        if logit > 0:
            chance = 1 / (1 + np.exp(-logit))
            field[piece.rows, piece.columns] = np.maximum(field[piece.rows, piece.columns], chance)
    # A cell is marked to its edge, however doubtful it is.
    marked = cv2.resize((field > 0).astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5
    chance = cv2.resize(
        cv2.dilate(field, np.ones((3, 3), np.uint8)), shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(np.where(marked, np.clip(np.rint(chance * 255), 128, 255), 0), np.uint8)
