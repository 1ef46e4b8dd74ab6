"""Hairs stuck in the gate: thin curved lines, dark mostly, that stay at one place of the picture.

Lines that are there in most frames around are looked for on a small grid, in the mean of their detail; a
judge (`hair_odds`) weighs for each what tells a hair from a line of the scene (`hair_evidence`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane, half_size
from reelfix.restoration.components import components
from reelfix.restoration.hair_evidence import Lines, Ridges, evidence_of, scene_paths
from reelfix.restoration.hair_odds import hair_odds
from reelfix.restoration.scene_motion import SceneStep

REACH = 8
"""Frames to either side that what is found in one depends on."""

_TALLEST = 400  # rows of the grid, at most
_WIDEST = 7  # points of the grid that a line is narrower than
_SWAY = 3  # points over which its detail is looked for in other frames
_CLEAR = 10  # least detail, in 510ths
_OVER = 1.5  # the same in units of that around
_PEAK, _NEAR = 0.5, 9  # and in units of the deepest so many points around
_RIM = 3  # points along the picture's edges that are no evidence
_SHOWN = 0.5  # of its mean detail that the frame itself must show
_SHORTEST, _LONGEST = 0.05, 0.7  # of the picture's height
_THICKEST, _LEAST = 12, 8  # points of area, for each of length, and in all
_FEWEST = 8  # other frames, to judge
_SURE = 1.7  # log odds from which on a line is a hair
_EDGE = 0.25  # of its depth, where its soft side ends
_FAINT = 0.02
_SHARE = 0.05  # of the pixels around, at least, that must be the scene's to tell


@dataclass(frozen=True)
class Detail:
    """A frame's detail, dark and bright, on the grid."""

    dark: Ridges
    bright: Ridges
    scale: int
    """Pixels for each point of the grid, each way."""


def detail_of(luma: Plane) -> Detail:
    """The detail of a luma (H, W), on a grid of half its size, or a quarter or less of a tall one's."""
    small, scale = half_size(luma), 2
    while len(small) > _TALLEST:
        small, scale = half_size(small), 2 * scale
    side = np.ones((_WIDEST, _WIDEST), np.uint8)
    dark, bright = (
        _detail(small, np.asarray(cv2.morphologyEx(small, kind, side)))
        for kind in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN)
    )
    return Detail(dark, bright, scale)


def _detail(small: Plane, without: Plane) -> Ridges:
    here = np.clip(np.abs(without - small) * np.float32(510), 0, 255).astype(np.uint8)
    around = np.asarray(cv2.dilate(here, np.ones((_SWAY, _SWAY), np.uint8)), np.uint8)
    beside, tone = (
        np.clip(picture * np.float32(255), 0, 255).astype(np.uint8) for picture in (without, small)
    )
    return Ridges(here, around, np.asarray(cv2.blur(beside, (5, 5)), np.uint8), tone)


def gate_hairs(
    details: Sequence[Detail],
    steps: Mapping[tuple[int, int], SceneStep],
    luma: Plane,
    frame: int,
    others: list[int],
    strength: float,
) -> Plane:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a hair in the gate; 128 and above: it is.

    `details` of all frames in the window, `steps` of the scene from each to the next (t, 1) and to the one
    before (t, -1), `luma` (H, W) of `frame`, `others`: those near it that show another picture.
    """
    found = np.zeros(luma.shape, np.uint8)
    if len(others) < _FEWEST or min(luma.shape) < 64:
        return found
    scale, paths = details[frame].scale, scene_paths(steps, frame, others)
    for bright in (False, True):
        one = [there.bright if bright else there.dark for there in details]
        lines = _lines(one, frame, others, bright, strength)
        if lines is None:
            continue
        odds = hair_odds(evidence_of(lines, one, paths, frame, others, luma.shape, scale))
        sure = odds[lines.number] > _SURE
        if sure.any():
            mark = np.zeros(one[frame].here.shape, np.uint8)
            mark[lines.y[sure], lines.x[sure]] = 1
            found |= _covered(1 - luma if bright else luma, mark, scale)
    return found


def _lines(
    details: list[Ridges], frame: int, others: list[int], bright: bool, strength: float
) -> Lines | None:
    """The lines of one polarity that the frames around `frame` have in common."""
    total = details[frame].here.astype(np.uint16)
    for t in others:
        cv2.add(total, details[t].here, dst=total, dtype=cv2.CV_16U)
    mean = np.asarray(cv2.convertScaleAbs(total, alpha=1 / (len(others) + 1)), np.uint8)
    level = cv2.blur(mean, (31, 31)).astype(np.float32)
    clear = mean * np.float32(strength) > np.maximum(level * np.float32(_OVER), _CLEAR)
    clear &= mean > cv2.dilate(mean, np.ones((_NEAR, _NEAR), np.uint8)) * np.float32(_PEAK)
    clear &= details[frame].around > mean * np.float32(_SHOWN)
    # The edges of the gate and of the scan stay, too.
    clear[:_RIM] = clear[-_RIM:] = False
    clear[:, :_RIM] = clear[:, -_RIM:] = False
    labels, stats = components(clear.astype(np.uint8))
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    area = stats[:, cv2.CC_STAT_AREA]
    # What runs through the picture is a scratch, or the scene's.
    kept = (
        (length >= _SHORTEST * len(mean))
        & (length <= _LONGEST * len(mean))
        & (area <= _THICKEST * length)
        & (area >= _LEAST)
    )
    kept[0] = False
    if not kept.any():
        return None
    y, x = np.nonzero(kept[labels])
    number = (np.cumsum(kept) - 1)[labels[y, x]]
    return Lines(y, x, number, mean[y, x], int(kept.sum()), bright)


def _covered(luma: Plane, found: npt.NDArray[np.uint8], scale: int) -> Plane:
    """The pixels (H, W) that dark lines of the grid cover, their soft sides too."""
    height, width = luma.shape
    near: Plane = np.asarray(cv2.dilate(found, np.ones((3, 3), np.uint8)))
    # Up to the edge, where nothing was looked for.
    upright, level = (np.ones(size, np.uint8) for size in ((2 * _RIM + 3, 5), (5, 2 * _RIM + 3)))
    near[:_RIM], near[-_RIM:] = (cv2.dilate(found, upright)[rim] for rim in (np.s_[:_RIM], np.s_[-_RIM:]))
    near[:, :_RIM] |= cv2.dilate(found, level)[:, :_RIM]
    near[:, -_RIM:] |= cv2.dilate(found, level)[:, -_RIM:]
    size = (scale * found.shape[1], scale * found.shape[0])
    near = cv2.resize(near, size, interpolation=cv2.INTER_NEAREST)[:height, :width]
    # The scene's tone: the mean around, without the line and its soft sides.
    beyond = 1 - np.asarray(cv2.dilate(near, np.ones((scale + 1,) * 2, np.uint8))).astype(np.float32)
    side = (scale * _WIDEST + 3,) * 2
    share = cv2.blur(beyond, side)
    depth = cv2.blur(luma * beyond, side) / np.maximum(share, 1e-3) - cv2.blur(luma, (3, 3))
    deepest = cv2.dilate(depth * near, np.ones((4 * scale + 1,) * 2, np.uint8))
    inside = (near > 0) & ((depth > np.maximum(_EDGE * deepest, _FAINT)) | (share < _SHARE))
    return np.asarray(inside.astype(np.uint8) * np.uint8(224))
