"""Gate weave: how a clip is shifted against the clean one."""

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Plane, as_array, luma_of

_ITERATIONS = 60
_PRECISION = 1e-5
_FILTER = 5


def shifts_between(clip: torch.Tensor, truth: torch.Tensor) -> npt.NDArray[np.float64]:
    """Measure how far each frame of `clip` is shifted against `truth`, both (T, C, H, W) in [0, 1].

    Return (T, 2): dx, dy in pixels, by maximising the enhanced correlation coefficient (Evangelidis and
    Psarakis, 2008), which is blind to gain and offset. NaN where it does not converge.
    """
    return np.array(
        [_shift(luma_of(as_array(a)), luma_of(as_array(b))) for a, b in zip(clip, truth, strict=True)]
    )


def _shift(picture: Plane, reference: Plane) -> tuple[float, float]:
    matrix = np.eye(2, 3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ITERATIONS, _PRECISION)
    mask = np.full(reference.shape, 255, np.uint8)
    try:
        _, found = cv2.findTransformECC(
            np.ascontiguousarray(reference, np.float32),
            np.ascontiguousarray(picture, np.float32),
            matrix,
            cv2.MOTION_TRANSLATION,
            criteria,
            mask,
            _FILTER,
        )
    except cv2.error:  # "did not converge": a flat or wholly different picture
        return float("nan"), float("nan")
    return float(found[0, 2]), float(found[1, 2])
