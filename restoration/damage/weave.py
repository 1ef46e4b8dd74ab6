"""Gate weave: the whole picture moves by parts of a pixel from frame to frame."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.damage.noise import persistent


@dataclass(frozen=True)
class Weave:
    """Unsteadiness of the film in the gate, smooth from frame to frame."""

    deviation: tuple[float, float] = (0.0020, 0.0015)
    """Standard deviation of the shift down and across, as fractions of the picture's height."""
    persistence: float = 0.7
    """Correlation with the frame before."""
    degrees: float = 0.0
    """Standard deviation of the turning about the picture's middle."""


@dataclass(frozen=True)
class WeaveCurves:
    """What is at (x, y) in the steady picture is at about (x + dx, y + dy) in the woven one."""

    shifts: npt.NDArray[np.float32]
    """(T, 2): dx, dy in pixels."""
    degrees: npt.NDArray[np.float32]
    """(T,), counter-clockwise."""


def weave_curves(settings: Weave, frames: int, height: int, random: np.random.Generator) -> WeaveCurves:
    """Draw the shifts and turns of each frame; each is held within twice its deviation."""
    sequences = persistent(frames, settings.persistence, random, (3,))
    down, across = settings.deviation
    shifts = sequences[:, :2] * np.array([across, down]) * height
    return WeaveCurves(shifts.astype(np.float32), (sequences[:, 2] * settings.degrees).astype(np.float32))


def woven(
    frame: npt.NDArray[np.float32], shift: npt.NDArray[np.float32], degrees: float
) -> npt.NDArray[np.float32]:
    """Return one frame (C, H, W), turned and shifted; cubic, the edges mirrored, clipped to [0, 1]."""
    height, width = frame.shape[1:]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    matrix[:, 2] += shift.astype(np.float64)
    planes = [
        cv2.warpAffine(
            plane, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        for plane in frame
    ]
    return np.clip(np.stack(planes), 0.0, 1.0).astype(np.float32)
