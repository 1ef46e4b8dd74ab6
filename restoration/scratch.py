"""Running scratches: narrow, near-vertical lines that do not go with the picture.

A scratch is a ridge one to four pixels wide that stands over a good part of the height (Kokaram, "Motion
Picture Restoration", 1998, chapter 9). So is a pole or a window bar; but those are where the motion around
them says in the frames before and after, and a scratch, which wanders as the film runs, is not (as Newson et
al., "Robust automatic line scratch detection in films", 2014, tell them apart).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.neighbours import Neighbour
from reelfix.restoration.strips import carried, flow_beside, flow_overall

SIDES = 3
"""Neighbours on either side to compare with."""

_REACH = 5  # columns to the sides with which one is compared
_EVEN = 0.5  # share of the ridge by which its two sides may differ
_TALL = 0.3  # share of the picture's height over which evidence is gathered
_CLEAR = 0.6  # least mean height of a ridge along it, in standard deviations of its surroundings
_MOST = 3.0  # a single row's say
_RIDGE = 0.4  # least height of a ridge in any one row
_LEAST = 0.12  # share of the picture's height that one piece must span

# Logistic regression over the tall ridges of 15 clips damaged by `damage_clip` and two films that are full of
# poles, frames and wainscots: weights of log(tall), explained, log(narrow), log(misfit) (see `_Evidence`).
_WEIGHTS = (4.2, -4.4, 2.4, -1.1)
_BIAS = -1.1
_EXPLAINED = 0.55  # what is explained further than this counts against a scratch far more: poles stay
_BEYOND = -15.0  # weight of what is beyond it
_SEED, _BODY = 1.0, -1.0  # logits: a scratch has some of the first, and takes in what is above the second


@dataclass(frozen=True)
class _Evidence:
    """What speaks for a scratch at the n places where a ridge stands tall, all (n,)."""

    shape: tuple[int, ...]
    """Rows and columns of the strip."""
    place: tuple[Plane, ...]
    """Their rows and columns."""
    tall: Plane
    """Mean ridge over a good part of the height, above what the columns around have by chance."""
    explained: Plane
    """Share of it that neighbours show where the scene's motion puts it; of those that show least."""
    narrow: Plane
    """Height of the ridge over its near sides, in units of that over its far ones: small for a blur."""
    misfit: Plane
    """How ill the neighbours show what is beside the ridge, in units of its height: motion not followed."""


def scratch_probability(
    strips: list[Plane], neighbours: list[Neighbour], frame: int, shape: tuple[int, int], strength: float
) -> Plane:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a running scratch; 128 and above: it is.

    `strips` of all frames in the window (see `strips`); `neighbours` of the frame in hand; `shape` (H, W).
    """
    strip = strips[frame]
    if strip.shape[1] < 4 * _REACH or strip.shape[0] < 8 or not neighbours:
        return np.zeros(shape, np.uint8)
    views = [
        tuple(carried(strips[frame + there.step], flow(there), shape) for flow in (flow_beside, flow_overall))
        for there in neighbours
    ]
    misfit = _misfit(strip, views)
    found = np.zeros(strip.shape, np.uint8)
    of_views = [[_ridges(view) for view in pair] for pair in views]
    for polarity, ridge in enumerate(_ridges(strip)):
        there = [np.maximum(*(both[polarity] for both in pair)) for pair in of_views]
        evidence = _gathered(strip if polarity == 0 else -strip, ridge, there, misfit)
        if evidence is not None:
            found |= _scratches(evidence, strength)
    if not found.any():
        return np.zeros(shape, np.uint8)
    full = cv2.resize(found.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(full * np.float32(255)).astype(np.uint8)


def _gathered(strip: Plane, ridge: Plane, there: list[Plane], misfit: Plane) -> _Evidence | None:
    """Evidence for bright scratches; None where no ridge stands tall. `there`: the views' ridges."""
    loose = _loose(ridge)
    along = _along(loose)
    tall = np.asarray(along - cv2.blur(along, (61, 1)))
    place = np.nonzero((tall > _CLEAR) & (ridge >= _RIDGE))
    if len(place[0]) == 0:
        return None
    shares = [_along(np.minimum(loose, _loose(other)))[place] / along[place] for other in there]
    # A scratch may come back to its place in some frames, the scene is in its place in nearly all.
    least = np.sort(np.stack(shares), axis=0)[: -(-len(shares) // 2)]
    far, near = (_along(_loose(_over_sides(strip, distance)))[place] for distance in (_REACH, 2))
    far = far + np.float32(1e-4)
    return _Evidence(ridge.shape, place, tall[place], least.mean(axis=0), near / far, misfit[place] / far)


def _scratches(evidence: _Evidence, strength: float) -> Plane:
    """Places held to be scratched: uint8 (rows, columns), 1 or 0."""
    logit = _WEIGHTS[0] * np.log(np.maximum(evidence.tall * strength, 1e-3)) + _BIAS
    logit += _WEIGHTS[1] * evidence.explained
    logit += _BEYOND * np.maximum(evidence.explained - _EXPLAINED, 0)
    logit += _WEIGHTS[2] * np.log(np.clip(evidence.narrow, 0.1, 1.2))
    logit += _WEIGHTS[3] * np.log(evidence.misfit + 0.02)
    held = np.zeros(evidence.shape, np.uint8)
    held[evidence.place] = (logit > _BODY) & (evidence.tall * strength > _CLEAR)
    body = cv2.dilate(held, np.ones((7, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    kept = np.zeros(len(stats), np.bool_)
    kept[labels[evidence.place][logit > _SEED]] = True
    kept &= stats[:, cv2.CC_STAT_HEIGHT] >= _LEAST * body.shape[0]
    kept[0] = False
    return np.asarray(kept[labels].astype(np.uint8))


def _ridges(strip: Plane) -> tuple[Plane, Plane]:
    """Height of bright, and of dark, ridges one to four columns wide, in units of the row's texture."""
    width = strip.shape[1]
    padded = cv2.copyMakeBorder(strip, 0, 0, _REACH, _REACH, cv2.BORDER_REPLICATE)
    side = cv2.blur(padded, (3, 1))
    left, right = side[:, 1 : 1 + width], side[:, 2 * _REACH - 1 :][:, :width]
    uneven = np.abs(left - right) - np.float32(0.02)
    texture = cv2.blur(np.abs(strip - cv2.blur(strip, (2 * _REACH + 1, 1))), (41, 9)) + np.float32(0.002)
    bright, dark = strip - np.maximum(left, right), np.minimum(left, right) - strip
    for height in (bright, dark):
        height *= uneven < _EVEN * np.maximum(height, 0)
        np.divide(height, texture, out=height)
        np.clip(height, 0, _MOST, out=height)
        height[:, :_REACH] = 0
        height[:, -_REACH:] = 0
    return bright, dark


def _over_sides(strip: Plane, distance: int) -> Plane:
    """Height of each column over the higher of those `distance` to its left and right, never negative."""
    width = strip.shape[1]
    padded = cv2.copyMakeBorder(strip, 0, 0, distance, distance, cv2.BORDER_REPLICATE)
    return np.asarray(np.maximum(strip - np.maximum(padded[:, :width], padded[:, 2 * distance :]), 0))


def _misfit(strip: Plane, views: list[tuple[Plane, ...]]) -> Plane:
    """Mean difference to the four nearest views, 4 to 12 columns aside, over a part of the height."""
    nearest = views[:4]
    apart = np.zeros(strip.shape, np.float32)
    for pair in nearest:
        apart += np.minimum(*(np.abs(strip - view) for view in pair))
    length = _length(strip)
    wide = np.asarray(cv2.boxFilter(apart, -1, (25, length), normalize=False))
    inner = np.asarray(cv2.boxFilter(apart, -1, (7, length), normalize=False))
    return np.asarray((wide - inner) / np.float32(18 * length * len(nearest)))


def _loose(ridge: Plane) -> Plane:
    """A ridge that may lean by a column."""
    return np.asarray(cv2.dilate(ridge, np.ones((1, 3), np.uint8)))


def _along(plane: Plane) -> Plane:
    """Mean over a good part of the height."""
    return np.asarray(cv2.blur(plane, (1, _length(plane)), borderType=cv2.BORDER_REFLECT))


def _length(strip: Plane) -> int:
    return max(int(_TALL * strip.shape[0]), 3)
