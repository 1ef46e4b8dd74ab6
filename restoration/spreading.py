"""Values known in places, carried to all others: normalised convolution over a pyramid, many maps at once."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

Stack = npt.NDArray[Any]
"""float32 maps side by side, (h, w, n, k): n weights, and k values to each."""

_COARSE = np.float32(0.02)  # what a coarser level counts for beside the finest
_LEAST = np.float32(1e-6)


def spread_all(values: Stack, weights: Plane, *, factor: int = 1) -> Stack:
    """Carry `values` (h, w, n, k) from where their `weights` (h, w, n) are high to where they are low.

    Knutsson and Westin, "Normalized and differential convolution" (CVPR 1993), as a pyramid pulled up and
    pushed down again: far inside a hole it answers as smoothly as a membrane spanned over it, at its rim it
    meets what is around. `factor`: size of the cells that are taken together to begin with.
    """
    height, width, count, each = values.shape
    stack = np.empty((height, width, count, each + 1), np.float32)
    np.multiply(values, weights[..., None], out=stack[..., :each])
    stack[..., each] = weights
    level: Plane = stack.reshape(height, width, -1)
    if factor > 1:
        level = shrunk(level, factor)
    levels = [level]
    while min(levels[-1].shape[:2]) > 3:
        levels.append(_layers(cv2.pyrDown(levels[-1])))
    filled = levels[-1]
    for level in reversed(levels[:-1]):
        coarse = _layers(cv2.pyrUp(filled, dstsize=(level.shape[1], level.shape[0])))
        parts = coarse.reshape(*level.shape[:2], count, each + 1)
        parts *= _COARSE / np.maximum(parts[..., each:], _LEAST)
        coarse += level
        filled = coarse
    parts = filled.reshape(*filled.shape[:2], count, each + 1)
    answer = parts[..., :each] / np.maximum(parts[..., each:], _LEAST)
    if factor > 1:
        answer = enlarged(answer.reshape(*filled.shape[:2], -1), factor, height, width)
    return np.asarray(answer.reshape(height, width, count, each))


def shrunk(layers: Plane, factor: int) -> Plane:
    """Means over cells of factor x factor: (h, w, n) to (ceil(h / factor), ceil(w / factor), n)."""
    height, width = layers.shape[:2]
    grow = (-height % factor, -width % factor)
    if any(grow):
        layers = np.pad(layers, ((0, grow[0]), (0, grow[1]), (0, 0)), mode="edge")
    size = (layers.shape[1] // factor, layers.shape[0] // factor)
    return _layers(cv2.resize(layers, size, interpolation=cv2.INTER_AREA))


def enlarged(layers: Plane, factor: int, height: int, width: int) -> Plane:
    """Undo `shrunk`, linearly: (h, w, n) to (height, width, n)."""
    size = (layers.shape[1] * factor, layers.shape[0] * factor)
    return _layers(cv2.resize(layers, size, interpolation=cv2.INTER_LINEAR))[:height, :width]


def mean_of_channels(values: Plane) -> Plane:
    """Mean over the last axis, of few: many times faster than numpy's."""
    total = values[..., 0]
    for channel in range(1, values.shape[-1]):
        total = total + values[..., channel]
    return np.asarray(total / np.float32(values.shape[-1]))


def _layers(array: Plane) -> Plane:
    """OpenCV drops the last axis of one layer; here it stays."""
    return array if array.ndim == 3 else np.asarray(array)[..., None]
