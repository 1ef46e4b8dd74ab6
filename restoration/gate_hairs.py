"""Hairs stuck in the gate: thin dark lines that stay at one place of the picture while the scene moves on.

A hair's dark detail is there in frame after frame, within the little that it sways and that the steadying of
the picture moves it; and it is not where the scene's motion would have taken it. On a scene that does not
move neither can be told, and nothing is found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane, half_size
from reelfix.restoration.motion import Flow
from reelfix.restoration.scene_motion import SceneStep, sampled

REACH = 8
"""Frames to either side that what is found in one depends on."""

_WIDEST = 5  # points of the half-size grid that a dark line is narrower than
_SWAY = 3  # points over which its detail is looked for in other frames
_CLEAR = 10  # least detail, in 255ths
_OVER, _SEED_OVER = 1.8, 3.0  # the same in units of that around
_STAYS, _SEED_STAYS = 0.62, 0.82  # share of its detail that the other frames have at its place
_LEAVES, _SEED_LEAVES = 0.15, 0.4  # how much less of it they have where the scene has gone
_RIM = 5  # points along the picture's edges that are no evidence
_PRESENT = 0.7  # share of the other frames that it need be in
_FAR = 3  # frames from which on the scene is followed
_LITTLE = 8.0  # pixels
_AWAY = 4.0  # pixels that the scene must have gone, to tell
_MOVING, _MOST = 2.5, 0.7  # pixels that the picture must have moved, in so much of it
_KNOWN = 0.4  # share of the far frames that must tell
_SHORTEST = 0.07  # of the picture's height
_CERTAIN = 0.35  # share of its area
_THICKEST, _DEEPEST = 3.2, 2.6  # points of area for each of length; points from its middle to its edge
_EDGE = 0.3  # of its detail, where its soft side ends
_FAINT = 0.02


@dataclass(frozen=True)
class Detail:
    """Dark detail of a frame, narrower than _WIDEST points, on the half-size grid."""

    here: npt.NDArray[np.uint8]
    """(h, w): depth of dark lines and spots, times 510."""
    around: npt.NDArray[np.uint8]
    """(h, w): the most within the sway."""


def detail_of(luma: Plane) -> Detail:
    """The dark detail of a luma (H, W)."""
    small = half_size(luma)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((_WIDEST, _WIDEST), np.uint8))
    here = np.clip((closed - small) * np.float32(510), 0, 255).astype(np.uint8)
    return Detail(here, np.asarray(cv2.dilate(here, np.ones((_SWAY, _SWAY), np.uint8))))


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
    nothing = np.zeros(luma.shape, np.uint8)
    far = [t for t in others if abs(t - frame) > _FAR]
    if len(far) < 3 or min(luma.shape) < 64:
        return nothing
    here = details[frame].here
    level = cv2.blur(here, (31, 31)).astype(np.float32)
    clear = here * np.float32(strength) > np.maximum(level * np.float32(_OVER), _CLEAR)
    # The edges of the gate and of the scan are dark and stay, too.
    clear[:_RIM] = clear[-_RIM:] = False
    clear[:, :_RIM] = clear[:, -_RIM:] = False
    if not clear.any():
        return nothing
    y, x = np.nonzero(clear)
    stays = _staying([details[t] for t in others], here, y, x, _PRESENT)
    before, after = [t for t in far if t < frame], [t for t in far if t > frame]
    sides = [
        _staying([details[t] for t in side], here, y, x, 1.0) for side in (before, after) if len(side) > 1
    ]
    # A hair may come or go within these frames, but not on both sides of this one.
    stays = np.minimum(stays, np.max(sides, axis=0))
    kept = stays > _STAYS
    y, x, stays = y[kept], x[kept], stays[kept]
    if len(y) < _SHORTEST * luma.shape[0] / 2:
        return nothing
    left = _left_behind(details, steps, frame, far, here, y, x, luma.shape)
    leaves = np.zeros(here.shape, np.float32)
    leaves[y, x] = stays - left
    body = (leaves > _LEAVES).astype(np.uint8)
    seed = (leaves > _SEED_LEAVES) & (here > level * np.float32(_SEED_OVER))
    seed[y, x] &= stays > _SEED_STAYS
    found = _lines(body, seed, luma.shape[0] / 2)
    return _covered(luma, found) if found.any() else nothing


def _staying(
    others: list[Detail],
    here: npt.NDArray[np.uint8],
    y: npt.NDArray[np.int64],
    x: npt.NDArray[np.int64],
    present: float,
) -> Plane:
    """Share (n,) of the detail at (y, x) that the other frames have at its place, the least of them aside."""
    own = np.maximum(here[y, x], 1)
    shown = np.stack([np.minimum(other.around[y, x], own) for other in others]).astype(np.float32)
    count = max(round(present * len(others)), 1)
    if count < len(others):
        shown = np.partition(shown, len(others) - count, axis=0)[-count:]
    return np.asarray(shown.mean(axis=0) / own)


def _left_behind(
    details: Sequence[Detail],
    steps: Mapping[tuple[int, int], SceneStep],
    frame: int,
    far: list[int],
    here: npt.NDArray[np.uint8],
    y: npt.NDArray[np.int64],
    x: npt.NDArray[np.int64],
    shape: tuple[int, int],
) -> Plane:
    """Share (n,) of the detail at (y, x) that far frames have where the scene has gone; 1 if it has not."""
    own = np.maximum(here[y, x], 1).astype(np.float32)
    place = y * 2 + 0.5, x * 2 + 0.5
    paths = _scene_paths(steps, frame, far)
    rows, columns = here.shape
    total, weight = np.zeros(len(y), np.float32), np.zeros(len(y), np.float32)
    for t in far:
        if not _moves(paths[t]):
            continue
        best = np.zeros(len(y), np.float32)
        away = np.full(len(y), np.inf, np.float32)
        for path in paths[t]:
            gone = sampled(path, *place, shape)
            to_x = np.rint(x + gone[:, 0] * 0.5).astype(np.int64)
            to_y = np.rint(y + gone[:, 1] * 0.5).astype(np.int64)
            inside = (to_x >= 0) & (to_x < columns) & (to_y >= 0) & (to_y < rows)
            at = np.clip(to_y, 0, rows - 1), np.clip(to_x, 0, columns - 1)
            distance = np.hypot(gone[:, 0], gone[:, 1])
            # A little way is known well, and the hair itself is near its end.
            there = np.where(
                distance < _LITTLE, details[t].here[at] * np.float32(1.25), details[t].around[at]
            )
            best = np.maximum(best, np.minimum(there / own, 1))
            # What would have left the picture tells nothing.
            away = np.minimum(away, np.where(inside, distance, 0))
        certain = np.minimum(away / np.float32(_AWAY), 1)
        total += certain * (1 - best)
        weight += certain
    known = np.minimum(weight / (_KNOWN * len(far)), 1)
    return np.asarray(1 - known * total / np.maximum(weight, 1e-3), np.float32)


def _moves(paths: tuple[Flow, ...]) -> bool:
    """Whether most of the picture has moved: the camera, or the film in its gate, and not some people."""
    return bool(np.mean(np.hypot(paths[-1][..., 0], paths[-1][..., 1]) > _MOVING) > _MOST)


def _scene_paths(
    steps: Mapping[tuple[int, int], SceneStep], frame: int, far: list[int]
) -> dict[int, tuple[Flow, ...]]:
    """The scene's way from `frame` to each of the `far` ones, by each account of it: coarse flows."""
    found: dict[int, tuple[Flow, ...]] = {}
    for way in (-1, 1):
        paths: tuple[Flow, ...] = ()
        for distance in range(1, max((way * (t - frame) for t in far), default=0) + 1):
            t = frame + way * distance
            step = steps[t - way, way]
            flows = (step.beside, step.overall, step.within)
            paths = tuple(_onward(*pair) for pair in zip(paths, flows, strict=True)) if paths else flows
            if t in far:
                found[t] = paths
    return found


def _onward(path: Flow, flow: Flow) -> Flow:
    """A coarse path, and a step from where it leads."""
    rows, columns = path.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    map_x, map_y = x + path[..., 0] * np.float32(1 / 16), y + path[..., 1] * np.float32(1 / 16)
    return np.asarray(path + cv2.remap(flow, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _lines(body: npt.NDArray[np.uint8], seed: Plane, height: float) -> npt.NDArray[np.uint8]:
    """Of the bodies those that are long, thin and certain somewhere: uint8 (h, w), 1 or 0."""
    joined = cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    seeds = np.bincount(labels[seed], minlength=count)
    area = stats[:, cv2.CC_STAT_AREA]
    depth = cv2.distanceTransform(joined, cv2.DIST_L2, 3)
    thick = np.bincount(labels[depth > _DEEPEST], minlength=count) > 0
    kept = (length >= _SHORTEST * height) & (seeds >= _CERTAIN * area) & (seeds >= 4)
    kept &= (area <= _THICKEST * length) & ~thick
    kept[0] = False
    return np.asarray(kept[labels].astype(np.uint8))


def _covered(luma: Plane, found: npt.NDArray[np.uint8]) -> Plane:
    """The pixels (H, W) that lines of the half-size grid cover."""
    height, width = luma.shape
    near: Plane = np.asarray(cv2.dilate(found, np.ones((3, 3), np.uint8)))
    # Up to the edge, where nothing was looked for.
    upright, level = (np.ones(size, np.uint8) for size in ((2 * _RIM + 3, 5), (5, 2 * _RIM + 3)))
    near[:_RIM], near[-_RIM:] = (cv2.dilate(found, upright)[rim] for rim in (np.s_[:_RIM], np.s_[-_RIM:]))
    near[:, :_RIM] |= cv2.dilate(found, level)[:, :_RIM]
    near[:, -_RIM:] |= cv2.dilate(found, level)[:, -_RIM:]
    near = cv2.resize(near, (2 * found.shape[1], 2 * found.shape[0]), interpolation=cv2.INTER_NEAREST)
    near = near[:height, :width]
    side = 2 * _WIDEST + 1
    depth = cv2.morphologyEx(luma, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)) - luma
    depth = cv2.blur(depth, (3, 3))
    deepest = cv2.dilate(depth * near, np.ones((9, 9), np.uint8))
    inside = (near > 0) & (depth > np.maximum(_EDGE * deepest, _FAINT))
    return np.asarray(inside.astype(np.uint8) * np.uint8(224))
