"""What deflicker looks at: a frame made small, and the same with its light taken out, to be aligned by."""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane, luma_of
from reelfix.restoration.tone_curve import OFFSET

_SHORT_SIDE = 112  # pixels that a thumbnail's shorter side has at least, where the picture has them
_SMALLEST_SIDE = 32  # the search's patches and pyramid need this much
_PATTERN_SIGMA = 5.0  # pixels over which light is evened out
_FAINTEST = 0.06  # contrast, in log2, below which a place is taken for even


@dataclass(frozen=True)
class Thumbnail:
    """One frame, small."""

    tones: Image
    """float32 (C, h, w) in [0, 1], means over some pixels: little is left of grain and small dirt."""
    pattern: Plane
    """uint8 (h, w): detail alone, in units of the contrast around it; no flicker is left in it."""
    coarse: Image
    """float32 (C, ceil(h / 2), ceil(w / 2)): `tones` once more reduced; light is measured on this."""


def thumbnail(frame: Image) -> Thumbnail:
    """Reduce a frame (C, H, W) by a whole factor to a short side of 112 pixels or a little more."""
    height, width = frame.shape[1:]
    factor = max(min(height, width) // _SHORT_SIDE, 1)
    size = (max(-(-width // factor), _SMALLEST_SIDE), max(-(-height // factor), _SMALLEST_SIDE))
    tones = np.stack([_resized(channel, size) for channel in frame])
    return Thumbnail(tones, _pattern(luma_of(tones)), halved(tones))


def halved(tones: Image) -> Image:
    """Reduce (C, h, w) to (C, ceil(h / 2), ceil(w / 2)), by means."""
    size = (-(-tones.shape[2] // 2), -(-tones.shape[1] // 2))
    return np.stack([_resized(channel, size) for channel in tones])


def _resized(plane: Plane, size: tuple[int, int]) -> Plane:
    shrinks = size[0] <= plane.shape[1] and size[1] <= plane.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=way), dtype=np.float32)


def _pattern(luma: Plane) -> Plane:
    """Log luma less its surroundings, over its contrast there."""
    logs = cv2.log(np.maximum(luma, 0) + np.float32(OFFSET)) * np.float32(1 / np.log(2))
    detail = logs - cv2.GaussianBlur(logs, (0, 0), _PATTERN_SIGMA)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 2 * _PATTERN_SIGMA))
    codes = 128 + 42 * detail / (contrast + np.float32(_FAINTEST))
    return np.asarray(np.clip(codes, 0, 255).astype(np.uint8))
