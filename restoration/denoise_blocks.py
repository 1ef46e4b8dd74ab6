"""Noise taken out of one picture by shrinking the cosine transforms of overlapping blocks."""

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from reelfix.restoration.arrays import Plane

Blocks = npt.NDArray[np.float32]
"""Coefficients (B, 64) of B blocks of 8 x 8 pixels, row by row; the first is the block's mean."""

_SIDE, _STEP = 8, 4
_BETA = 2.0  # of the Kaiser window by which blocks are laid over each other
_THRESHOLD = 2.5  # deviations: a coefficient below is noise, for the first estimate


class BlockTransform:
    """Cosine transforms of blocks of 8 x 8 pixels, 4 apart, for planes of one size."""

    def __init__(self, height: int, width: int) -> None:
        self._shape = (height, width)
        # Half a block of margin, so that every pixel lies in four blocks.
        self._rows, self._columns = (-(-(size + _STEP) // _STEP) for size in (height, width))
        self._padded = ((self._rows + 1) * _STEP, (self._columns + 1) * _STEP)
        cosines = cv2.dct(np.eye(_SIDE, dtype=np.float32), flags=cv2.DCT_ROWS).T
        self._basis = np.kron(cosines, cosines).astype(np.float32)  # 64x64, rows are basis pictures
        window = np.kaiser(_SIDE, _BETA)
        self._window = np.outer(window, window).astype(np.float32).ravel()
        self._windowed = self._basis * self._window

    def blocks(self, plane: Plane) -> Blocks:
        """Cut a plane (H, W) into its blocks' pixels (B, 64)."""
        height, width = self._shape
        below, right = self._padded[0] - height - _STEP, self._padded[1] - width - _STEP
        padded = cv2.copyMakeBorder(plane, _STEP, below, _STEP, right, cv2.BORDER_REFLECT)
        views = sliding_window_view(padded, (_SIDE, _SIDE))[::_STEP, ::_STEP]
        return np.asarray(np.ascontiguousarray(views).reshape(-1, _SIDE * _SIDE), dtype=np.float32)

    def forward(self, plane: Plane) -> Blocks:
        """Transform a plane (H, W) into coefficients (B, 64)."""
        return np.asarray(self.blocks(plane) @ self._basis.T)

    def backward(self, coefficients: Blocks, weight: Plane) -> Plane:
        """Lay the blocks over each other, each with its `weight` (B,): a plane (H, W)."""
        pixels = (coefficients * weight[:, None]) @ self._windowed
        total = self._laid(weight[:, None] * self._window)
        height, width = self._shape
        whole = self._laid(pixels) / np.maximum(total, np.float32(1e-12))
        return np.asarray(whole[_STEP : _STEP + height, _STEP : _STEP + width])

    def _laid(self, pixels: Blocks) -> Plane:
        """Sum of blocks (B, 64) in their places."""
        whole = np.zeros(self._padded, np.float32)
        grid = pixels.reshape(self._rows, self._columns, _SIDE, _SIDE)
        for row in (0, 1):
            for column in (0, 1):
                part = grid[row::2, column::2]
                rows, columns = part.shape[0] * _SIDE, part.shape[1] * _SIDE
                top, left = row * _STEP, column * _STEP
                tiles = part.transpose(0, 2, 1, 3).reshape(rows, columns)
                whole[top : top + rows, left : left + columns] += tiles
        return whole

    def shrunk(self, plane: Plane, deviation: Plane, spectrum: Plane) -> Plane:
        """Return `plane` (H, W) with noise of `deviation` (H, W) and relative `spectrum` (64,) taken out.

        Yaroslavsky et al., "Transform domain image restoration methods" (1996), in two steps as in Dabov et
        al., "Image denoising by sparse 3-D transform-domain collaborative filtering" (2007): a first estimate
        keeps the coefficients that stand out of the noise; its energies make the Wiener filter of the second.
        """
        noise = np.square(self.blocks(deviation)).mean(axis=1, keepdims=True) * np.square(spectrum)
        coefficients = self.forward(plane)
        kept = np.square(coefficients) > np.float32(_THRESHOLD**2) * noise
        kept[:, 0] = True
        count = np.count_nonzero(kept, axis=1).astype(np.float32)
        estimate = self.backward(coefficients * kept, 1 / count)
        signal = np.square(self.forward(estimate))
        gain = signal / np.maximum(signal + noise, np.float32(1e-12))
        gain[:, 0] = 1
        return self.backward(coefficients * gain, 1 / np.square(gain).sum(axis=1))
