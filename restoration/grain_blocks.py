"""Spectra of overlapping windowed blocks of a picture, and the picture laid together from them again."""

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

SIDE = 24
"""Pixels along a block: grain's clumps are far smaller, and little of a scene's structure lies in one."""
HOP = SIDE // 2
"""Pixels from one block to the next."""

Spectra = npt.NDArray[np.complex64]
"""(rows, columns, SIDE, SIDE / 2 + 1): the half plane of frequencies, as numpy's `rfft2` has it."""

_SCALE = np.float32(HOP)  # root of the sum of squares of the window over a block


def window() -> Plane:
    """Return the window (SIDE, SIDE) of analysis and of synthesis: a half sine, its square adds up to 1."""
    half_sine = np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE)
    return np.outer(half_sine, half_sine).astype(np.float32)


def spectra_of(blocks: Plane) -> Spectra:
    """Return the spectra of `blocks` (..., SIDE, SIDE); white noise of variance 1 has a mean power of 1."""
    return np.asarray(np.fft.rfft2(blocks * (window() / _SCALE)), dtype=np.complex64)


class OverlappingBlocks:
    """The blocks of planes of one size: each pixel lies in four."""

    def __init__(self, height: int, width: int) -> None:
        self._shape = (height, width)
        self._rows, self._columns = (-(-size // HOP) + 1 for size in (height, width))
        self.middles = tuple(
            np.minimum(np.arange(count) * HOP, size - 1)
            for count, size in ((self._rows, height), (self._columns, width))
        )
        """Rows and columns of the picture that the blocks' middles stand on, or the edge next to them."""
        self._window = window()

    def taken(self, plane: Plane) -> Spectra:
        """Return the spectra of a plane (H, W), mirrored beyond its edges."""
        height, width = self._shape
        bottom, right = (self._rows * HOP - height, self._columns * HOP - width)
        padded = cv2.copyMakeBorder(plane, HOP, bottom, HOP, right, cv2.BORDER_REFLECT)
        blocks = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE))[::HOP, ::HOP]
        return np.asarray(np.fft.rfft2(blocks * (self._window / _SCALE)), dtype=np.complex64)

    def laid(self, spectra: Spectra) -> Plane:
        """Return the plane (H, W) of spectra: of those that `taken` gave, the plane itself."""
        blocks = np.fft.irfft2(spectra, s=(SIDE, SIDE)).astype(np.float32) * (self._window * _SCALE)
        whole = np.zeros(((self._rows + 1) * HOP, (self._columns + 1) * HOP), np.float32)
        for down in (0, 1):
            for across in (0, 1):
                tiles = blocks[down::2, across::2]
                rows, columns = tiles.shape[:2]
                tiling = tiles.transpose(0, 2, 1, 3).reshape(rows * SIDE, columns * SIDE)
                top, left = down * HOP, across * HOP
                whole[top : top + rows * SIDE, left : left + columns * SIDE] += tiling
        height, width = self._shape
        return whole[HOP : HOP + height, HOP : HOP + width]


def around(power: Plane) -> Plane:
    """Return the mean of each power (..., SIDE, SIDE / 2 + 1) and its eight neighbours in frequency.

    The rows go round; beyond the first and the last column lies what the half plane leaves out, which is much
    like what stands beside.
    """
    tall = power + np.roll(power, 1, axis=-2) + np.roll(power, -1, axis=-2)
    mean = tall.copy()
    mean[..., 1:] += tall[..., :-1]
    mean[..., :-1] += tall[..., 1:]
    mean[..., 0] += tall[..., 1]
    mean[..., -1] += tall[..., -2]
    mean *= np.float32(1 / 9)
    return np.asarray(mean)
