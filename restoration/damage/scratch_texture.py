"""The alpha along a real scratch, cut from a stamp of many strokes and straightened."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

ACROSS = 9
"""Width of a texture, in the stamp's pixels; a stroke of these stamps is 2 to 4 wide."""
_ANGLES = 90
_SHORTEST = 40


def scratch_texture(alpha: Plane) -> Plane:
    """Cut the longest straight stroke out of a stamp, (h, w) float32 in [0, 1].

    The stamp is turned until some column holds the most opacity (a Radon transform); the columns about it,
    from the stroke's first row to its last, are the texture, float32 (length, ACROSS). Empty, (0, ACROSS),
    where no stroke is longer than `_SHORTEST`.
    """
    height, width = alpha.shape
    side = int(np.ceil(np.hypot(height, width))) + 2 * ACROSS
    padded = cv2.copyMakeBorder(
        alpha,
        (side - height) // 2,
        side - height - (side - height) // 2,
        (side - width) // 2,
        side - width - (side - width) // 2,
        cv2.BORDER_CONSTANT,
        value=0,
    )
    best = max(np.arange(_ANGLES) * (180 / _ANGLES), key=lambda angle: float(_columns(padded, angle).max()))
    turned = _turned(padded, float(best))
    column = int(np.clip(_columns(padded, float(best)).argmax(), ACROSS // 2, side - ACROSS // 2 - 1))
    strip = turned[:, column - ACROSS // 2 : column + ACROSS // 2 + 1]
    rows = np.flatnonzero(strip[:, ACROSS // 2 - 1 : ACROSS // 2 + 2].max(axis=1) > 0.2)
    if len(rows) == 0 or rows[-1] - rows[0] < _SHORTEST:
        return np.zeros((0, ACROSS), np.float32)
    # Other strokes that cross this one are kept out by the fading towards the sides.
    fade = np.exp(-0.5 * ((np.arange(ACROSS) - ACROSS // 2) / 1.6) ** 2)
    return np.asarray(strip[rows[0] : rows[-1] + 1] * fade, dtype=np.float32)


def _turned(padded: Plane, angle: float) -> Plane:
    side = len(padded)
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(padded, matrix, (side, side), flags=cv2.INTER_LINEAR))


def _columns(padded: Plane, angle: float) -> Plane:
    return np.asarray(_turned(padded, angle).sum(axis=0))
