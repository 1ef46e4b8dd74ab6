"""What a damaged place hides, told from its own frame: under a scratch, and from around it."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

_SIGMA_ACROSS = 1.5  # pixels: the sides of a scratch nearest to it count most
_WIDE = (25, 3)  # window from which a scratch too wide for that is crossed
_ALONG = 21  # rows over which the opacity of a scratch is even
_DETAIL = 9  # rows: what changes within fewer is detail
_MOST = 0.9  # opacity beyond which nothing can be told of the picture


def under_scratch(plane: Plane, scratch: Plane, hurt: Plane) -> tuple[Plane, Plane]:
    """Take a semi-transparent scratch off a plane (H, W); returns the picture and its likely error, (H, W).

    Row by row the sides are drawn together; to this comes the detail that still shows through. A scratch
    adds light or takes it, `seen = (1 - opacity) picture + opacity tone` with a tone of 1 or 0: its opacity
    follows from means along it, the detail from the inversion, and counts the less the more opaque it is.
    `scratch`, `hurt`: bool (H, W), the pixels under a scratch and all damaged ones.
    """
    sound = np.logical_not(hurt).astype(np.float32)
    sides = _across(plane, sound)
    level = cv2.blur(sides, (1, _ALONG))
    seen = _mean(plane, scratch.astype(np.float32), (1, _ALONG))
    tone = (seen > level).astype(np.float32)
    opacity = np.clip((seen - level) / np.where(tone > 0, 1.001 - level, -level - 0.001), 0, _MOST)
    through = (plane - opacity * tone) / (1 - opacity)
    detail = (through - sides) - cv2.blur(through - sides, (1, _DETAIL))
    picture = sides + detail * np.square(1 - opacity)
    roughness = _mean(np.abs(plane - cv2.blur(plane, (7, 1))), sound, (_ALONG, _ALONG))
    return np.asarray(np.clip(picture, 0, 1)), np.asarray(roughness * (0.25 + 0.5 * opacity))


def from_around(plane: Plane, hurt: Plane) -> tuple[Plane, Plane]:
    """Draw a plane (H, W) in from around the damage; returns the picture and its likely error.

    Telea, "An image inpainting technique based on the fast marching method" (2004).
    """
    codes = (np.clip(plane, 0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16)
    filled = np.asarray(cv2.inpaint(codes, hurt.astype(np.uint8), 3, cv2.INPAINT_TELEA))
    depth = cv2.distanceTransform(hurt.astype(np.uint8), cv2.DIST_L2, 3)
    roughness = _mean(
        np.abs(plane - cv2.blur(plane, (5, 5))), np.logical_not(hurt).astype(np.float32), (31, 31)
    )
    return filled.astype(np.float32) / np.float32(65535), np.asarray(roughness * (1 + depth))


def _across(plane: Plane, sound: Plane) -> Plane:
    """Mean of the sound pixels to the left and right, the nearest ones above all."""
    kernel = (2 * round(4 * _SIGMA_ACROSS) + 1, 1)
    values, weight = (np.asarray(cv2.GaussianBlur(p, kernel, _SIGMA_ACROSS)) for p in (plane * sound, sound))
    far = _mean(plane, sound, _WIDE)
    return np.asarray((values + np.float32(1e-3) * far) / (weight + np.float32(1e-3)))


def _mean(plane: Plane, weight: Plane, window: tuple[int, int]) -> Plane:
    """Weighted mean in a window of so many columns and rows; 0 where nothing has weight."""
    sums = np.asarray(cv2.blur(plane * weight, window))
    return np.asarray(sums / np.maximum(np.asarray(cv2.blur(weight, window)), 1e-4))
