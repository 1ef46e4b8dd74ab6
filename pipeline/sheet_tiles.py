"""The pictures of a contact sheet: frames as a screen shows them, masks laid over, differences amplified."""

import math
from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.alarms_evidence import MASKED
from reelfix.pipeline.colour_hints import PointHint
from reelfix.pipeline.colour_planes import ChromaCodes, chroma_of
from reelfix.pipeline.pixels import Codes
from reelfix.pipeline.products import NEUTRAL

Tile = npt.NDArray[np.uint8]
"""(height, width, 3): red, green, blue."""
ColourChange = npt.NDArray[np.float32]
"""(2, height, width): how far B'-Y' and R'-Y' changed, as shares of the source's peak."""

DIRT_COLOUR = (255, 48, 32)
SCRATCH_COLOUR = (0, 216, 255)
_RING_GAP, _RING = 1, 2
"""Pixels of a tile between what is marked and the ring about it, and the ring's breadth."""
_HINT = 4
"""Pixels of a tile: radius of the disc that shows a hint."""
_GAINS = (1, 2, 4, 8, 16, 32)
_FAINT = 0.3
"""Contrast of the picture that changes of colour are laid over: what has them can be seen."""


def frame_tile(frame: Codes, size: tuple[int, int], *, limited: bool) -> Tile:
    """Show a frame (C, H, W) at `size` (width, height), head and foot room cut off where there is any."""
    small = _resized(frame, size)
    if limited:
        small = (small - 16 / 255) * (255 / 219)
    return _to_bytes(_three_channels(small))


def mask_tile(frame: Codes, mask: npt.NDArray[np.uint8], size: tuple[int, int], *, limited: bool) -> Tile:
    """Show a frame in grey, its damage ringed by the mask (2, H, W): dirt red, scratches cyan.

    The rings lie around what is marked, so that it can be seen what was marked; the finest scratch gets one.
    """
    grey = frame_tile(frame, size, limited=limited).mean(axis=2, keepdims=True) * 0.85
    picture = np.repeat(grey, 3, axis=2)
    outline = mask_outline(mask, size)
    is_ring = outline[..., 3] > 0
    picture[is_ring] = outline[is_ring, :3]
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def mask_outline(mask: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Draw the rings alone: (height, width, 4), red, green, blue and whether they cover (255) or not (0)."""
    outline = np.zeros((size[1], size[0], 4), np.uint8)
    for plane, colour in zip(mask, (DIRT_COLOUR, SCRATCH_COLOUR), strict=True):
        marked = (_shrunk_to_most(plane, size) >= MASKED).astype(np.uint8)
        near = cv2.dilate(marked, _disc(_RING_GAP))
        outline[(cv2.dilate(near, _disc(_RING)) > 0) & (near == 0)] = (*colour, 255)
    return outline


def hints_tile(tile: Tile, hints: Iterable[PointHint], size: tuple[int, int]) -> Tile:
    """Mark places of a frame of `size` (width, height) whose colours were given: discs of them, ringed."""
    marked = tile.copy()
    for hint in hints:
        across, down = tile.shape[1] / size[0], tile.shape[0] / size[1]
        place = (int((hint.x + 0.5) * across), int((hint.y + 0.5) * down))
        colour = tuple(round(255 * value) for value in hint.rgb)
        for radius, shade in ((_HINT + 2, (0, 0, 0)), (_HINT + 1, (255, 255, 255)), (_HINT, colour)):
            cv2.circle(marked, place, radius, shade, -1, cv2.LINE_AA)
    return marked


def difference_tile(before: Codes, after: Codes, size: tuple[int, int], gain: int) -> Tile:
    """Show what changed, `gain` times amplified: mid-grey unchanged, lighter where it became lighter."""
    change = (after.astype(np.float32) - before.astype(np.float32)) / 65535
    # The largest change under a pixel of the tile is shown, not the average: a mended speck must be seen.
    lighter = np.stack([_shrunk_to_most(np.maximum(channel, 0), size) for channel in change])
    darker = np.stack([_shrunk_to_most(np.maximum(-channel, 0), size) for channel in change])
    return _to_bytes(_three_channels(0.5 + gain * (lighter - darker)))


def difference_gain(before: Codes, after: Codes) -> int:
    """Choose the amplification, 1 to 32, at which the strong changes of a frame just fill the scale."""
    change = np.abs(after.astype(np.int32) - before.astype(np.int32))
    return _filling_gain(change.astype(np.float32) / np.float32(65535))


def colour_change(
    before: Codes, chroma: ChromaCodes, size: tuple[int, int], weights: tuple[float, float]
) -> ColourChange:
    """Measure at `size` (width, height) how `chroma` (2, H, W) differs from that of a frame (C, H, W).

    `weights`: of red and of blue in luma. A gray frame (C = 1) has no colour.
    """
    own = NEUTRAL if len(before) == 1 else chroma_of(before[None], *weights)[0].astype(np.float32)
    change = (chroma.astype(np.float32) - own) * np.float32(1 / 32767)
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in change])


def colour_gain(changes: Iterable[ColourChange]) -> int:
    """Choose one amplification, 1 to 32, for the colours of several frames, so that they can be compared."""
    return min((_filling_gain(np.abs(change)) for change in changes), default=1)


def colour_tile(luma: Codes, change: ColourChange, gain: int, weights: tuple[float, float]) -> Tile:
    """Show a change of colour, `gain` times amplified: over faint luma (1, H, W), grey where none changed."""
    blue, red = gain * change
    green = -(weights[0] * red + weights[1] * blue) / (1 - sum(weights))
    faint = 0.5 + _FAINT * (_resized(luma, change.shape[:0:-1]) - 0.5)  # 1xhxw
    return _to_bytes(_three_channels(np.asarray(faint + np.stack([red, green, blue]), dtype=np.float32)))


def _filling_gain(change: npt.NDArray[np.float32]) -> int:
    """Choose the amplification at which strong changes (unsigned shares of the peak) reach black or white."""
    strong = float(np.percentile(change[change > 0], 98)) if change.any() else 0.0
    if strong == 0.0:
        return 1
    return max((gain for gain in _GAINS if gain * strong <= 0.5), default=1)


def tile_size(width: int, height: int, column_width: int, aspect: float) -> tuple[int, int]:
    """Return (width, height) of a tile: `aspect`: a pixel's width over its height."""
    shown_width = width * aspect
    scale = column_width / shown_width
    rows = max(8, round(height * scale))
    if rows > 1.5 * column_width:  # a tall picture: bounded by its height
        return max(8, round(column_width * 1.5 * shown_width / height)), round(1.5 * column_width)
    return column_width, rows


def _resized(frame: Codes, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Scale (C, H, W) to (C, height, width) in [0, 1]: averaged down, or smoothly up."""
    shrinks = size[0] < frame.shape[2]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    small = np.stack([cv2.resize(channel, size, interpolation=method) for channel in frame])
    return np.asarray(small / np.float32(65535), dtype=np.float32)


def _shrunk_to_most(
    plane: npt.NDArray[np.float32] | npt.NDArray[np.uint8], size: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Scale (H, W) to `size`, each pixel of the result the largest value under it."""
    reach = math.ceil(plane.shape[1] / size[0])
    # An odd kernel, and samples at the pixels' centres: every pixel lies under one that is taken.
    widened = cv2.dilate(plane, np.ones((reach | 1, reach | 1), np.uint8)) if reach > 1 else plane
    return np.asarray(cv2.resize(widened, size, interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.float32)


def _disc(radius: int) -> npt.NDArray[np.uint8]:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)


def _three_channels(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(C, h, w) to (h, w, 3)."""
    return np.moveaxis(np.broadcast_to(picture, (3, *picture.shape[1:])), 0, -1)


def _to_bytes(picture: npt.NDArray[np.float32]) -> Tile:
    return np.asarray(np.clip(np.rint(picture * 255), 0, 255), dtype=np.uint8)
