"""How alike two frames are in structure, whatever their light: what a place is known again by.

Frames are shrunk, rid of light and shade (local mean and contrast), and laid over each other with room to
move.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Small = npt.NDArray[np.float32]
"""(h, w): a frame shrunk, its light and contrast made even."""

_WIDTH, _COARSE_WIDTH = 96, 32
_BORDER = 0.08
"""Of the picture, left out on every side: a rounded gate or a mask is the same all over a reel."""
_ROOM = 0.1
"""Of the picture, that one may lie off the other in either direction."""
_GRAIN, _LIGHT = 1.0, 7.0
"""Widths, in pixels of the small picture, below and above which nothing is compared."""
_LEAST_CONTRAST = 0.012
"""Of the peak: what is flatter than that is no structure, but grain."""
_BLOCK = 512
"""Pictures compared with all others at a time."""


def even_picture(frame: npt.NDArray[np.uint16]) -> Small:
    """Shrink a frame (C, H, W), its border left out, to its structure alone: of zero mean, even contrast."""
    height, width = frame.shape[1:]
    top, left = round(_BORDER * height), round(_BORDER * width)
    inner = frame[:, top : height - top, left : width - left].astype(np.float32).mean(axis=0) / 65535
    size = (_WIDTH, max(round(_WIDTH * inner.shape[0] / inner.shape[1]), 16))
    small = cv2.resize(inner, size, interpolation=cv2.INTER_AREA)
    detail = _blurred(small, _GRAIN) - _blurred(small, _LIGHT)
    contrast = np.sqrt(_blurred(detail * detail, _LIGHT))
    return np.asarray(detail / (contrast + np.float32(_LEAST_CONTRAST)), dtype=np.float32)


def likeness(one: Small, other: Small) -> float:
    """Return how well two pictures correlate, at best, when one is moved over the other: -1 to 1."""
    if one.shape != other.shape:
        return 0.0
    rows, columns = (max(round(_ROOM * size), 1) for size in one.shape)
    found = 0.0
    for first, second in ((one, other), (other, one)):
        inner = np.ascontiguousarray(first[rows:-rows, columns:-columns])
        scores: Any = cv2.matchTemplate(second, inner, cv2.TM_CCOEFF_NORMED)
        found += float(scores.max()) / 2
    return found


def coarse_likenesses(shots: Sequence[Sequence[Small]]) -> Small:
    """Return (N, N): how alike the most alike pictures of any two shots are, coarsely but fast.

    Symmetric; pictures of one size. Where `likeness` is over 0.5, this is over 0.45, and where nothing is
    alike under 0.4.
    """
    pictures = np.stack([_coarse(picture) for shot in shots for picture in shot])  # Mxhxw
    first = np.cumsum([0, *(len(shot) for shot in shots)])[:-1]
    room = [max(round(_ROOM * size), 1) for size in pictures.shape[1:]]
    middle = _rows(pictures, room[0], room[1], room)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(pictures), _BLOCK)]
    scores = [np.full((len(middle[block]), len(pictures)), -1, np.float32) for block in blocks]
    for down in range(2 * room[0] + 1):
        for across in range(2 * room[1] + 1):
            moved = _rows(pictures, down, across, room)
            for block, score in zip(blocks, scores, strict=True):
                np.maximum(score, middle[block] @ moved.T, out=score)
    by_shot = np.maximum.reduceat(np.concatenate(scores), first, axis=0)
    found = np.maximum.reduceat(by_shot, first, axis=1)
    return np.asarray(np.maximum(found, found.T), dtype=np.float32)


def _coarse(picture: Small) -> Small:
    size = (_COARSE_WIDTH, max(round(_COARSE_WIDTH * picture.shape[0] / picture.shape[1]), 8))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _rows(pictures: Small, top: int, left: int, room: Sequence[int]) -> Small:
    """Cut the same piece out of all pictures, all but `room` on every side: (M, pixels) of length 1."""
    height, width = (size - 2 * there for size, there in zip(pictures.shape[1:], room, strict=True))
    rows = pictures[:, top : top + height, left : left + width].reshape(len(pictures), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6), dtype=np.float32)


def _blurred(picture: Small, width: float) -> Small:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), width, borderType=cv2.BORDER_REFLECT), np.float32)
