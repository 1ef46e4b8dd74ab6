"""How unlike two frames are, whatever their light: evidence for cuts that were missed, or that are none."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

Signature = npt.NDArray[np.float32]
"""(36, 48): a frame's composition, with light, contrast, grain and small dirt taken out."""
Unlikeness = npt.NDArray[np.float32]

_SIZE = (48, 36)
_LEAST_SPREAD = 0.01
"""Contrast (of the peak) below which a picture is held to be empty: nothing is said of it."""


def signature_of(luma: npt.NDArray[np.float32]) -> Signature:
    """Return the signature of a luma picture (h, w) in [0, 1]."""
    small = cv2.resize(luma, _SIZE, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE)
    detail = soft - cv2.GaussianBlur(soft, (0, 0), _SIZE[0] / 5, borderType=cv2.BORDER_REPLICATE)
    detail = detail - detail.mean()
    spread = float(detail.std())
    if spread < _LEAST_SPREAD:
        return np.zeros(_SIZE[::-1], np.float32)
    return np.asarray(detail / spread, dtype=np.float32)


def unlikeness(first: Signature, second: Signature) -> float:
    """One less the correlation of two signatures: 0 the same picture, about 1 nothing in common.

    0 where either is empty (black, fog, a blank frame): it tells nothing.
    """
    if not first.any() or not second.any():
        return 0.0
    return float(1 - np.mean(first * second))


def neighbour_unlikeness(signatures: Sequence[Signature]) -> Unlikeness:
    """Return the unlikeness of every two neighbours: (T - 1,)."""
    pairs = pairwise(signatures)
    return np.array([unlikeness(*pair) for pair in pairs], np.float32)


def cut_evidence(signatures: Sequence[Signature]) -> Unlikeness:
    """Say between which neighbours the picture changes for good: (T - 1,), about 1 at a cut, else near 0.

    The least unlikeness of the two frames before and the two after (a flash or a torn frame comes back), less
    what those two differ among themselves (fast motion goes on).
    """
    evidence = np.zeros(max(len(signatures) - 1, 0), np.float32)
    for last in range(1, len(signatures) - 2):
        before, after = signatures[last - 1 : last + 1], signatures[last + 1 : last + 3]
        across = min(unlikeness(old, new) for old in before for new in after)
        within = max(unlikeness(*before), unlikeness(*after))
        evidence[last] = max(across - 1.5 * within, 0.0)
    return evidence
