"""What a damaged place hides, told from its own frame: drawn across from its sides, or seen through it."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane
from reelfix.restoration.spreading import mean_of_channels, spread_all

_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (1, -2), (2, 1), (2, -1))  # rows, columns
_FARTHEST = 24  # pixels from side to side, beyond which a membrane is better
_EQUAL = np.float32(0.01)  # difference of two sides that grain may account for
_NEXT = 5  # pixels: how far a direction is good or bad together
_BLUR = 0.7  # pixels: the sides are taken a little broader than a point
_ALONG = (1, 21)  # columns and rows over which the opacity of a scratch is even
_UPRIGHT = np.ones((15, 1), np.uint8)  # what is not as tall is no running scratch
_BROAD = np.ones((9, 9), np.uint8)  # what is thinner is as opaque as its edges let it be
_ABOUT = (9, 9)  # and that of a stain
_FAIR = np.float32(0.015)  # error of a filling that needs no help
_PLAUSIBLE = np.float32(2)  # errors by which a filling is corrected at most
_MOST = 0.8  # opacity beyond which nothing can be told of the picture


def from_around(here: Image, hurt: Plane, wanted: Plane) -> tuple[Image, Plane]:
    """Draw `here` (C, h, w) in from around the damage; returns the picture and its likely error (h, w).

    Each wanted place is crossed in eight directions, from the nearest sound pixel on one side to that on the
    other; the directions count by how near and how alike their ends are, so that edges are carried on. Where
    it is too far across, a membrane is spanned. `hurt`, `wanted`: bool (h, w), all damaged places, and those
    that are asked for.
    """
    sound = ~hurt
    membrane = spread_all(
        np.ascontiguousarray(here.transpose(1, 2, 0))[:, :, None], sound[..., None].astype(np.float32)
    )[:, :, 0]
    rows, columns = np.nonzero(wanted)
    sides = _softened(here, sound)  # hxwxC
    around = cv2.blur(np.abs(here.mean(axis=0) - mean_of_channels(sides)) * sound, (31, 31))
    roughness = around / np.maximum(cv2.blur(sound.astype(np.float32), (31, 31)), np.float32(0.01))
    total = membrane[rows, columns] * np.float32(1e-3)
    weights = np.full(len(rows), 1e-3, np.float32)
    unlike = weights * np.square(np.float32(0.1))
    for direction in _DIRECTIONS:
        first, second = (_ends(sound, direction, way)[rows, columns] for way in (1, -1))
        usable, near, far = _distances(first, second, rows, columns, here.shape[2], direction)
        one, other = (sides.reshape(-1, sides.shape[2])[np.maximum(end, 0)] for end in (first, second))
        apart = _evened(mean_of_channels(np.square(one - other)), usable, rows, columns, wanted.shape)
        span = near + far
        weight = usable / ((apart + _EQUAL**2) * np.square(span)) * np.float32(1e-2)
        total += weight[:, None] * (one * (far / span)[:, None] + other * (near / span)[:, None])
        weights += weight
        unlike += weight * apart
    picture = here.copy()
    picture[:, rows, columns] = (total / weights[:, None]).T
    error = np.zeros(hurt.shape, np.float32)
    depth = cv2.distanceTransform(hurt.astype(np.uint8), cv2.DIST_L2, 3)[rows, columns]
    error[rows, columns] = np.sqrt(unlike / weights) * np.float32(0.5) + roughness[rows, columns] * (
        1 + np.float32(0.25) * depth
    )
    return picture, error


def seen_through(here: Image, filled: Image, error: Plane, scratch: Plane, hurt: Plane) -> Image:
    """Return the detail (C, h, w) that shows through semi-transparent damage and that `filled` lacks.

    A scratch or a stain adds light or takes it, `seen = (1 - opacity) picture + opacity tone` with a tone of
    1 or 0. Its opacity follows from means over a stretch where it is even, the picture by inversion. What
    this differs by from what is filled in, in detail, is in part the filling's `error` (h, w), in part that
    of the inversion; the share of the first is taken (Wiener). `scratch`, `hurt`: bool (h, w), places under
    running scratches, and all damaged ones.
    """
    detail = np.zeros_like(filled)
    upright = cv2.morphologyEx(scratch.astype(np.uint8), cv2.MORPH_OPEN, _UPRIGHT) > 0
    broad = cv2.morphologyEx((hurt & ~upright).astype(np.uint8), cv2.MORPH_OPEN, _BROAD) > 0
    for places, window in ((upright, _ALONG), (broad, _ABOUT)):
        if not places.any():
            continue
        share = places.astype(np.float32)
        for channel, (seen, fill) in enumerate(zip(here, filled, strict=True)):
            change, level = _mean(seen - fill, share, window), _mean(fill, share, window)
            tone = (change > 0).astype(np.float32)
            opacity = change / np.where(tone > 0, 1.001 - level, -level - 0.001)
            clear = share * (opacity < _MOST)
            opacity = np.clip(opacity, 0, _MOST)
            apart = (seen - opacity * tone) / (1 - opacity) - fill
            apart -= _mean(apart, clear, window)
            whole = _mean(np.square(apart), clear, window) + np.float32(1e-6)
            np.clip(apart, -_PLAUSIBLE * error, _PLAUSIBLE * error, out=apart)
            detail[channel] += apart * clear * np.clip((np.square(error) - _FAIR**2) / whole, 0, 1)
    return detail


def _evened(values: Plane, usable: Plane, rows: Plane, columns: Plane, shape: tuple[int, ...]) -> Plane:
    """Means of what N places have, with those next to them: an edge is not crossed at one place alone."""
    planes = np.zeros((*shape, 2), np.float32)
    planes[rows, columns, 0] = values * usable
    planes[rows, columns, 1] = usable
    sums = np.asarray(cv2.blur(planes, (_NEXT, _NEXT)))[rows, columns]
    return np.asarray(sums[:, 0] / np.maximum(sums[:, 1], np.float32(1e-3)))


def _softened(here: Image, sound: Plane) -> Plane:
    """The sound pixels' means with those next to them, (h, w, C)."""
    weight = sound.astype(np.float32)
    sums = cv2.GaussianBlur(np.dstack([*(here * weight), weight]), (0, 0), _BLUR)
    return np.asarray(sums[..., :-1] / np.maximum(sums[..., -1:], np.float32(1e-3)))


def _ends(sound: Plane, direction: tuple[int, int], way: int) -> Plane:
    """The last sound pixel before each, coming along `direction`, as a number row * w + column: (h, w).

    -1 where there is none. In memory a step along the direction is always the same number of pixels: with
    rows of that many, the lines along it stand upright. One that leaves at a side comes in at the other; the
    caller must look at where the end lies.
    """
    height, width = sound.shape
    stride = direction[0] * width + direction[1]
    numbers = np.where(sound, np.arange(height * width, dtype=np.int32).reshape(height, width), -1)
    if direction[0] == 0:
        lines, axis = numbers, 1
    else:
        lines = np.concatenate([numbers.ravel(), np.full(-numbers.size % stride, -1, np.int32)])
        lines, axis = lines.reshape(-1, stride), 0
    if way > 0:
        last = np.maximum.accumulate(lines, axis=axis)
    else:
        most = np.int32(height * width)
        flipped = np.flip(np.where(lines < 0, most, lines), axis)
        last = np.flip(np.minimum.accumulate(flipped, axis=axis), axis)
        last = np.where(last == most, -1, last)
    return np.asarray(last.ravel()[: height * width].reshape(height, width))


def _distances(
    first: Plane, second: Plane, rows: Plane, columns: Plane, width: int, direction: tuple[int, int]
) -> tuple[Plane, Plane, Plane]:
    """Which of N places have both ends on their line and near, and how far each is: (N,) each."""
    down, across = direction
    usable = (first >= 0) & (second >= 0)
    distances = []
    for end, way in ((first, 1), (second, -1)):
        below, beside = (rows - end // width) * way, (columns - end % width) * way
        usable &= below * across == beside * down
        distances.append(np.hypot(below, beside).astype(np.float32))
    near, far = distances
    usable &= (near + far <= _FARTHEST) & (near > 0) & (far > 0)
    return usable, np.maximum(near, 1), np.maximum(far, 1)


def _mean(plane: Plane, weight: Plane, window: tuple[int, int]) -> Plane:
    """Weighted mean in a window of so many columns and rows; 0 where nothing has weight."""
    sums = np.asarray(cv2.blur(plane * weight, window))
    return np.asarray(sums / np.maximum(np.asarray(cv2.blur(weight, window)), 1e-4))
