"""Gate weave taken out: every frame moved back to where the camera's own path has it, resampled once."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Image, Plane, as_array
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.stabilize_path import Steps, Values, weave_of

Edge = Literal["source", "mirror", "crop"]
"""What stands where a moved frame leaves the picture bare: what the frame itself had there; the picture,
mirrored at its edge; nothing, for the picture is magnified just enough that nothing is bare."""

_TAPS = 6
"""Half the length of the resampling filter: Lanczos' window of 6 keeps grain to four fifths of its finest."""
_LEAST = 0.03
"""Pixels below which a frame is not moved, and keeps its bits."""
_STEADY = 0.04
"""Root mean square of the weave, in pixels, below which a whole shot is left as it is."""
_SAME = 0.05
"""Pixels below which two frames lie at the same place."""
_LONGEST_REPEAT = 3
_SURE = 0.3
_LEAST_TURN = 2e-5
"""Radians, or parts of the size, below which a frame is neither turned nor magnified."""


@dataclass(frozen=True)
class Correction:
    """How frames are moved: what is at p about the centre goes to p - shift, turned and magnified back."""

    shift: tuple[float, float]
    """x, y in pixels."""
    angle: float = 0.0
    """Radians."""
    scale: float = 0.0
    """Natural logarithm."""


def corrections_of(
    steps: Sequence[Steps],
    width: int,
    *,
    limit: float,
    strength: float = 1.0,
    rotation: bool = False,
    zoom: bool = False,
) -> list[Correction]:
    """Return how each frame of a shot is moved, from its measured steps.

    With `strength` below 1 each goes that share of the way. No frame is moved further than `limit`, a share
    of the width: longer ways bend off from three quarters of it on.
    """
    weave = strength * weave_of(steps)
    shifts = weave[:, :2] * width
    if len(shifts) == 0 or float(np.sqrt(np.square(shifts).sum(axis=1).mean())) < _STEADY:
        shifts = np.zeros_like(shifts)
    length = np.hypot(*shifts.T)
    shifts = shifts * (_bent(length, limit * width) / np.maximum(length, 1e-12))[:, None]
    angles = weave[:, 2:3] if rotation else np.zeros((len(weave), 1))
    scales = weave[:, 3:4] if zoom else np.zeros((len(weave), 1))
    for first, stop in _repeats(steps, width):
        for moves in (shifts, angles, scales):
            moves[first:stop] = moves[first:stop].mean(axis=0)
    return [
        Correction((float(x), float(y)), float(angle), float(scale))
        for (x, y), angle, scale in zip(shifts, angles.ravel(), scales.ravel(), strict=True)
    ]


def _repeats(steps: Sequence[Steps], width: int) -> Iterator[tuple[int, int]]:
    """Yield short runs [first, stop) of frames that show the very same place.

    They may be one frame of the film, stored twice: moved alike they stay repeats, which later stages must
    know from frames that show the scene anew.
    """
    following = next((entry for entry in steps if entry.span == 1), None)
    if following is None:
        return
    pixels = np.hypot(*(following.motion[:-1, :2].T * width))
    is_same = (pixels < _SAME) & (following.confidence[:-1] > _SURE)
    edges = np.flatnonzero(np.diff(np.r_[False, is_same, False].astype(np.int8)))
    for first, last in edges.reshape(-1, 2):
        if last - first < _LONGEST_REPEAT:
            yield int(first), int(last) + 1


def _bent(length: Values, most: float) -> Values:
    """Lengths, those beyond three quarters of `most` bent off so that none exceeds it."""
    knee = 0.75 * most
    return np.where(
        length < knee, length, knee + (most - knee) * np.tanh((length - knee) / max(most - knee, 1e-12))
    )


def crop_zoom(
    corrections: Sequence[Correction], height: int, width: int, margin: float | None, rim: int = 0
) -> float:
    """Return the magnification that hides all bare edges and the rim, or a `margin` (share of width)."""
    if margin is not None:
        bare_x = bare_y = margin * width
    else:
        bare_x = bare_y = 0.0
        for move in corrections:
            turn = abs(math.sin(move.angle)) + abs(math.expm1(move.scale))
            x, y = abs(move.shift[0]) + turn * height / 2, abs(move.shift[1]) + turn * width / 2
            bare_x, bare_y = max(bare_x, x), max(bare_y, y)
    if max(bare_x, bare_y) < _LEAST:
        return 1.0
    if margin is None:
        bare_x, bare_y = bare_x + rim, bare_y + rim
    shown = [1 - 2 * bare_x / max(width - 1, 1), 1 - 2 * bare_y / max(height - 1, 1)]
    return 1 / max(min(shown), 0.5)


def stabilize(
    frames: torch.Tensor,
    corrections: Sequence[Correction],
    *,
    edge: Edge = "mirror",
    zoom: float = 1.0,
    rim: int = 0,
) -> torch.Tensor:
    """Return frames (T, C, H, W) float32 in [0, 1], each moved back by its correction, on the same device.

    A shift alone is resampled with a separable Lanczos filter, a turn or a magnification (`zoom`, of "crop")
    with OpenCV's Lanczos of 4; a frame that is moved less than 0.03 pixels keeps its bits. What lies within
    `rim` pixels of the frame's edges is held to be no picture, and never moved into it.
    """
    images = as_array(frames)
    moved = map_frames(lambda t: move_frame(images[t], corrections[t], edge, zoom, rim), range(len(images)))
    if not moved:
        return frames.clone()
    return torch.from_numpy(np.stack(moved)).to(frames.device)


def move_frame(image: Image, correction: Correction, edge: Edge, zoom: float, rim: int = 0) -> Image:
    """Return one frame (C, H, W) moved back by its correction; see `stabilize`."""
    turned = max(abs(correction.angle), abs(correction.scale)) > _LEAST_TURN
    if not turned and zoom == 1.0 and math.hypot(*correction.shift) < _LEAST:
        return image
    picture = [_without_rim(plane, rim) for plane in image]
    if turned or zoom != 1.0:
        planes = [_warped(plane, correction, zoom) for plane in picture]
    else:
        planes = [_shifted(plane, correction.shift) for plane in picture]
    moved = np.clip(np.stack(planes), 0, 1)
    if edge == "source":
        bare = _bare(image.shape[1:], correction, zoom, rim)
        moved[:, bare] = image[:, bare]
    return np.asarray(moved, dtype=np.float32)


def _without_rim(plane: Plane, rim: int) -> Plane:
    """The plane with its rim mirrored from within."""
    if rim == 0 or min(plane.shape) <= 4 * rim:
        return plane
    return np.asarray(
        cv2.copyMakeBorder(plane[rim:-rim, rim:-rim], rim, rim, rim, rim, cv2.BORDER_REFLECT_101)
    )


def _shifted(plane: Plane, shift: tuple[float, float]) -> Plane:
    """Sample the plane at p + shift; beyond its edges it is mirrored."""
    height, width = plane.shape
    whole = [math.floor(value) for value in shift]
    pad = max(abs(whole[0]), abs(whole[1])) + _TAPS + 1
    wide = cv2.copyMakeBorder(
        plane, pad, pad, pad, pad, cv2.BORDER_REFLECT_101 if pad < min(plane.shape) else cv2.BORDER_REPLICATE
    )
    rows = slice(pad + whole[1] - _TAPS, pad + whole[1] + height + _TAPS)
    columns = slice(pad + whole[0] - _TAPS, pad + whole[0] + width + _TAPS)
    across, down = (_lanczos(value - math.floor(value)) for value in shift)
    filtered = cv2.sepFilter2D(
        np.ascontiguousarray(wide[rows, columns]), -1, across, down, anchor=(_TAPS - 1, _TAPS - 1)
    )
    return np.asarray(filtered[_TAPS:-_TAPS, _TAPS:-_TAPS])


def _lanczos(fraction: float) -> npt.NDArray[Any]:
    """Weights (2 * _TAPS,) float32, summing to 1, of samples about a point `fraction` beyond the middle."""
    distance = np.arange(1 - _TAPS, _TAPS + 1) - fraction
    weights = np.sinc(distance) * np.sinc(distance / _TAPS)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def _warped(plane: Plane, correction: Correction, zoom: float) -> Plane:
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    size = plane.shape[::-1]
    border = cv2.BORDER_REFLECT_101
    return np.asarray(
        cv2.warpAffine(plane, _matrix(plane.shape, correction, zoom), size, flags=flags, borderMode=border)
    )


def _matrix(shape: tuple[int, ...], correction: Correction, zoom: float) -> npt.NDArray[Any]:
    """Where the result's point p is taken from: 2 x 3."""
    height, width = shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    size = math.exp(correction.scale)
    cosine, sine = size * math.cos(correction.angle), size * math.sin(correction.angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    linear = turn / zoom
    return np.column_stack([linear, centre + np.array(correction.shift) - linear @ centre])


def _bare(shape: tuple[int, ...], correction: Correction, zoom: float, rim: int) -> npt.NDArray[np.bool_]:
    """Where the result (H, W) shows what lies beyond the picture's edges."""
    height, width = shape
    matrix = _matrix(shape, correction, zoom)
    x, y = np.arange(width)[None], np.arange(height)[:, None]
    from_x = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    from_y = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    is_beside = (from_x < rim) | (from_x > width - 1 - rim)
    return np.asarray(is_beside | (from_y < rim) | (from_y > height - 1 - rim))
