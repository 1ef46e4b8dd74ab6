"""Running scratches: narrow, near-vertical lines that do not go with the picture.

A scratch is a ridge one to four pixels wide that stands over a good part of the height (Kokaram, "Motion
Picture Restoration", 1998, chapter 9). So is a pole or a window bar; but those are where the motion around
them says in the frames before and after, and a scratch, which wanders as the film runs, is not (as Newson et
al., "Robust automatic line scratch detection in films", 2014, tell them apart).
"""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Flow
from reelfix.restoration.neighbours import Neighbour

_ROWS = 4  # rows taken together: a scratch hardly leans over so few
_REACH = 5  # pixels to the sides with which a column is compared
_EVEN = 0.5  # share of the ridge by which its two sides may differ
_TALL = 0.3  # share of the picture's height over which a ridge is followed
_CLEAR = 0.9  # mean height of the ridge along it, in standard deviations of its surroundings
_EXPLAINED = (0.35, 0.65)  # share of a faint and of a clear ridge that neighbours may show
_CLEAREST = 1.6  # mean height of a clear ridge
SIDES = 3
"""Neighbours on either side to compare with."""

_LEAST = 0.12  # share of the picture's height that one piece must span
_MOST = 3.0  # a single row's say


def strip_of(luma: Plane) -> Plane:
    """Reduce a luma (H, W) to means over few rows, (H / 4, W): what scratches are looked for in."""
    height, width = luma.shape
    size = (width, max(height // _ROWS, 1))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA))


def scratch_probability(
    strips: list[Plane], neighbours: list[Neighbour], frame: int, shape: tuple[int, int], strength: float
) -> Plane:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a running scratch.

    `strips` of all frames in the window (see `strip_of`); `neighbours` of the frame in hand; `shape` (H, W).
    """
    height, width = shape
    if width < 4 * _REACH or height < 8 * _ROWS or not neighbours:
        return np.zeros(shape, np.uint8)
    strip = strips[frame]
    views = [
        (
            _carried(strips[frame + there.step], _beside(there)),
            _carried(strips[frame + there.step], _overall(there)),
        )
        for there in neighbours
    ]
    result = np.zeros(strip.shape, np.float32)
    for sign in (np.float32(1), np.float32(-1)):
        ridge = _ridges(strip * sign)
        tall = _tall(ridge) * np.float32(strength)
        if tall.max() <= _CLEAR:
            continue
        shown = [np.maximum(*(_ridges(view * sign) for view in pair)) for pair in views]
        result = np.maximum(result, _unexplained(ridge, tall, shown))
    if not result.any():
        return np.zeros(shape, np.uint8)
    full = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full * np.float32(255)).astype(np.uint8)


def _carried(strip: Plane, flow: Flow) -> Plane:
    """Bring a neighbour's strip along `flow`."""
    rows, width = strip.shape
    full = cv2.resize(flow, (2 * flow.shape[1], rows), interpolation=cv2.INTER_AREA)[:, :width]
    map_x = full[..., 0] + np.arange(width, dtype=np.float32)
    map_y = full[..., 1] / np.float32(_ROWS) + np.arange(rows, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(strip, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _beside(neighbour: Neighbour) -> Flow:
    """Mean flow 10 to 40 pixels to either side: a scratch in an even place draws the flow upon itself."""
    confidence = neighbour.confidence[..., None]
    weighted = np.dstack([neighbour.flow * confidence, confidence]) + np.float32(1e-3)
    ring = np.asarray(cv2.boxFilter(weighted, -1, (41, 17), normalize=False))
    ring = ring - np.asarray(cv2.boxFilter(weighted, -1, (11, 17), normalize=False))
    return np.asarray(ring[..., :2] / np.maximum(ring[..., 2:], 1e-3))


def _overall(neighbour: Neighbour) -> Flow:
    """The affine motion that fits most of the picture: that of the camera, or of the film in its gate."""
    rows, columns = neighbour.confidence.shape
    y, x = np.mgrid[0:rows:4, 0:columns:4].astype(np.float64)
    basis = [np.ones(x.size), x.ravel() / columns - 0.5, y.ravel() / rows - 0.5]
    seen = neighbour.flow[::4, ::4].reshape(-1, 2).astype(np.float64)
    trust = neighbour.confidence[::4, ::4].ravel().astype(np.float64) + 1e-3
    fit = np.zeros((3, 2))
    fit[0] = np.median(seen, axis=0)
    for _ in range(4):
        away = np.square(seen - sum(b[:, None] * c for b, c in zip(basis, fit, strict=True))).sum(axis=1)
        weight = trust / (1 + away)
        matrix = np.array([[(weight * a * b).sum() for a in basis] for b in basis])
        target = np.array([(weight[:, None] * b[:, None] * seen).sum(axis=0) for b in basis])
        fit = np.linalg.solve(matrix + 1e-6 * np.eye(3), target)
    across = (np.arange(columns) / columns - 0.5)[None, :, None]
    down = (np.arange(rows) / rows - 0.5)[:, None, None]
    return np.asarray(fit[0] + across * fit[1] + down * fit[2], dtype=np.float32)


def _ridges(strip: Plane) -> Plane:
    """Height of bright ridges one to four pixels wide, in standard deviations of the row's texture."""
    width = strip.shape[1]
    padded = cv2.copyMakeBorder(strip, 0, 0, _REACH, _REACH, cv2.BORDER_REPLICATE)
    side = cv2.blur(padded, (3, 1))
    left, right = side[:, 1 : 1 + width], side[:, 2 * _REACH - 1 :][:, :width]
    height = strip - np.maximum(left, right)
    height *= np.abs(left - right) < _EVEN * np.maximum(height, 0) + 0.02
    texture = cv2.blur(np.abs(strip - cv2.blur(strip, (2 * _REACH + 1, 1))), (41, 9)) + np.float32(0.002)
    ridge = np.clip(height / texture, 0, _MOST)
    ridge[:, :_REACH] = 0
    ridge[:, -_REACH:] = 0
    return np.asarray(ridge, dtype=np.float32)


def _along(ridge: Plane) -> Plane:
    """Mean of a ridge over a good part of the height; it may lean by a pixel."""
    loose = cv2.dilate(ridge, np.ones((1, 3), np.uint8))
    return np.asarray(cv2.blur(loose, (1, _length(ridge)), borderType=cv2.BORDER_REFLECT))


def _length(ridge: Plane) -> int:
    return max(int(_TALL * ridge.shape[0]), 3)


def _tall(ridge: Plane) -> Plane:
    """Mean ridge along the height, above what the columns around have by chance."""
    along = _along(ridge)
    return np.asarray(along - cv2.blur(along, (61, 1)))


def _unexplained(ridge: Plane, tall: Plane, shown: list[Plane]) -> Plane:
    """Where tall ridges are that the neighbours do not show: (rows, W) in [0, 1]."""
    loose = cv2.dilate(ridge, np.ones((1, 3), np.uint8))
    whole = _sum(loose, _length(ridge))
    shares = []
    for view in shown:
        there = cv2.dilate(view, np.ones((1, 3), np.uint8))
        shares.append(_sum(np.minimum(loose, there), _length(ridge)) / np.maximum(whole, 0.1))
    # A scratch may come back to its place in some frames, the scene is in its place in nearly all.
    least = np.sort(np.stack(shares), axis=0)[: -(-len(shares) // 2)]
    explained = least.mean(axis=0)
    clear = np.clip((tall - _CLEAR) / (_CLEAREST - _CLEAR), 0, 1)
    allowed = _EXPLAINED[0] + (_EXPLAINED[1] - _EXPLAINED[0]) * clear
    standing = (tall > _CLEAR) & (explained < allowed) & (ridge > 0.4)
    body = cv2.dilate(standing.astype(np.uint8), np.ones((7, 3), np.uint8))
    return np.asarray(_long(body), dtype=np.float32)


def _long(body: Plane) -> Plane:
    """Drop what is connected over less than a share of the height."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    kept = stats[:, cv2.CC_STAT_HEIGHT] >= _LEAST * body.shape[0]
    kept[0] = False
    return np.asarray(kept[labels])


def _sum(plane: Plane, length: int) -> Plane:
    return np.asarray(cv2.blur(plane, (1, length), borderType=cv2.BORDER_REFLECT))
