"""Running scratches: narrow, near-vertical lines over a good part of the picture's height."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

_ROWS = 4  # rows taken together: a scratch hardly leans over so few
_REACH = 5  # pixels to the sides with which a column is compared
_EVEN = 0.5  # share of the ridge by which its two sides may differ
_TALL = 0.45  # share of the picture's height that a scratch must run
_CLEAR = 1.6  # mean height of the ridge along it, in standard deviations of its surroundings


def scratch_probability(luma: Plane, strength: float) -> Plane:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a running scratch."""
    height, width = luma.shape
    if width < 4 * _REACH or height < 8 * _ROWS:
        return np.zeros(luma.shape, np.uint8)
    rows = height // _ROWS
    strip = cv2.resize(luma, (width, rows), interpolation=cv2.INTER_AREA)
    result = np.zeros((rows, width), np.float32)
    for sign in (1, -1):
        ridge = _ridges(strip * np.float32(sign))
        result = np.maximum(result, _tall(ridge, strength))
    full = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(full, 0, 1) * 255).astype(np.uint8)


def _ridges(strip: Plane) -> Plane:
    """Height of bright ridges one to four pixels wide, in standard deviations of the row's texture."""
    padded = cv2.copyMakeBorder(strip, 0, 0, _REACH, _REACH, cv2.BORDER_REFLECT)
    width = strip.shape[1]
    left = np.mean([padded[:, k : k + width] for k in (0, 1, 2)], axis=0)
    right = np.mean([padded[:, 2 * _REACH - k :][:, :width] for k in (0, 1, 2)], axis=0)
    height = np.minimum(strip - left, strip - right)
    height[np.abs(left - right) > _EVEN * np.maximum(height, 0) + 0.02] = 0
    texture = cv2.blur(np.abs(strip - cv2.blur(strip, (2 * _REACH + 1, 1))), (41, 9)) + np.float32(0.002)
    return np.asarray(np.clip(height / texture, -3, 3))


def _tall(ridge: Plane, strength: float) -> Plane:
    """Where ridges stand one above the other over a good part of the height: (rows, W) in [0, 1]."""
    rows = ridge.shape[0]
    loose = cv2.dilate(ridge, np.ones((1, 3), np.uint8))
    window = max(int(_TALL * rows), 3)
    along = cv2.blur(loose, (1, window), borderType=cv2.BORDER_REFLECT) * np.float32(strength)
    standing = (along > _CLEAR) & (ridge > 0.5)
    body = cv2.dilate(standing.astype(np.uint8), np.ones((5, 3), np.uint8))
    return body.astype(np.float32)
