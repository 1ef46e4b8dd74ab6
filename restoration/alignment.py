"""What is left of a displacement after optical flow, found where both pictures are sound."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.spreading import spread_all

_WINDOW = 9  # points over which the displacement is even
_LIKELY = 0.15  # points: standard deviation that is expected
_MOST = 0.75  # points
_LIGHT = 9  # points over which a difference of light is even


def shifts_left(here: Plane, views: Plane, sound: Plane) -> Plane:
    """Return the shifts (n, h, w, 2) that bring `views` (h, w, n) onto `here` (h, w), and under the damage.

    `sound` (h, w, n): 1 where both can be believed. One step of Lucas and Kanade, "An iterative image
    registration technique" (IJCAI 1981), with a prior against large shifts; its sums are carried on into the
    damage, so that the shifts there are those that fit best around it.
    """
    height, width, count = views.shape
    error = here[..., None] - views
    error -= _mean(error, sound, _LIGHT)
    spread = np.square(error) * sound
    typical = spread.sum(axis=(0, 1)) / (sound.sum(axis=(0, 1)) + 1) + np.float32(1e-6)  # n
    inner = np.asarray(cv2.erode(sound, np.ones((3, 3), np.uint8))).reshape(
        views.shape
    )  # gradients reach out
    weight = inner / (1 + np.square(error) / (6 * typical))
    gx, gy = np.zeros_like(views), np.zeros_like(views)
    gx[:, 1:-1] = (views[:, 2:] - views[:, :-2]) * np.float32(0.5)
    gy[1:-1] = (views[2:] - views[:-2]) * np.float32(0.5)
    gx -= _mean(gx, inner, _LIGHT)  # as the error is taken, beside a difference of light
    gy -= _mean(gy, inner, _LIGHT)
    sums = np.empty((height, width, 6, count), np.float32)
    weighted_x, weighted_y = gx * weight, gy * weight
    for place, (one, other) in enumerate(
        ((weighted_x, gx), (weighted_x, gy), (weighted_y, gy), (weighted_x, error), (weighted_y, error))
    ):
        np.multiply(one, other, out=sums[:, :, place])
    sums[:, :, 5] = weight
    small = np.asarray(cv2.blur(sums.reshape(height, width, -1), (_WINDOW, _WINDOW)))
    small = small.reshape(height, width, 6, count)
    share = small[:, :, 5]
    means = small[:, :, :5] / np.maximum(share[:, :, None], np.float32(1e-4))
    means = spread_all(means.transpose(0, 1, 3, 2), share)
    # The mean over N pixels stands against a prior: typical error / (N likely^2).
    prior = typical / np.float32(_LIKELY**2 * _WINDOW**2)
    xx, xy, yy, xe, ye = (means[..., index] for index in range(5))
    xx, yy = xx + prior, yy + prior
    determinant = np.maximum(xx * yy - xy * xy, np.float32(1e-12))
    shift = np.stack([(yy * xe - xy * ye) / determinant, (xx * ye - xy * xe) / determinant], axis=3)
    np.clip(shift, -_MOST, _MOST, out=shift)
    return np.ascontiguousarray(shift.transpose(2, 0, 1, 3))


def _mean(values: Plane, weight: Plane, side: int) -> Plane:
    """Weighted mean about each point, in each of n layers."""
    shape = values.shape
    sums, share = (
        np.asarray(cv2.blur(part, (side, side))).reshape(shape) for part in (values * weight, weight)
    )
    return np.asarray(sums / np.maximum(share, np.float32(1e-3)))
