"""Noise taken out of one picture by shrinking the cosine transforms of overlapping blocks."""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

SIDE = 8
"""Pixels along a block."""

_SHIFTS = tuple((step, 3 * step % SIDE) for step in range(SIDE))  # rows and columns: as even as eight can lie
_BETA = 2.0  # of the Kaiser window by which blocks are laid over each other
_THRESHOLD = np.float32(2.5)  # deviations: a coefficient below is noise, for the first estimate
_TINY = np.float32(1e-12)


class BlockTransform:
    """Cosine transforms of overlapping blocks of 8 x 8 pixels, for planes of one size.

    The blocks make eight tilings of the plane, each shifted otherwise. A tiling is a plane (rows * 8,
    columns * 8) with each block's pixels, or coefficients (the first is its mean), in place.
    """

    def __init__(self, height: int, width: int) -> None:
        self._shape = (height, width)
        # A block of margin, so that every pixel lies in a block of every tiling.
        rows, columns = (-(-(size + SIDE) // SIDE) for size in (height, width))
        self._padded = ((rows + 1) * SIDE, (columns + 1) * SIDE)
        self._tiled = (rows * SIDE, columns * SIDE)
        self._grid = (rows, columns)
        self._cosines = cv2.dct(np.eye(SIDE, dtype=np.float32), flags=cv2.DCT_ROWS).T.copy()
        window = np.kaiser(SIDE, _BETA)
        self._window = self._on_all(np.outer(window, window).astype(np.float32))

    def tilings(self, plane: Plane) -> list[Plane]:
        """Coefficients of a plane (H, W), tiling by tiling."""
        padded = self._pad(plane)
        return [self._transformed(padded[place], self._cosines) for place in self._places()]

    def plane(self, tilings: list[Plane], weights: list[Plane]) -> Plane:
        """Lay the blocks over each other, each with its weight (rows, columns): a plane (H, W)."""
        whole, total = np.zeros(self._padded, np.float32), np.zeros(self._padded, np.float32)
        for place, coefficients, weight in zip(self._places(), tilings, weights, strict=True):
            share = self._window * self._in_blocks(weight)
            whole[place] += self._transformed(coefficients, self._cosines.T) * share
            total[place] += share
        height, width = self._shape
        whole /= np.maximum(total, _TINY)
        return whole[SIDE : SIDE + height, SIDE : SIDE + width]

    def shrunk(self, plane: Plane, deviation: Plane, spectrum: Plane) -> Plane:
        """Return `plane` (H, W) with noise of `deviation` (H, W) and relative `spectrum` (8, 8) taken out.

        Yaroslavsky et al., "Transform domain image restoration methods" (1996), in two steps as in Dabov et
        al., "Image denoising by sparse 3-D transform-domain collaborative filtering" (2007): a first estimate
        keeps the coefficients that stand out of the noise; its energies make the Wiener filter of the second.
        """
        variance = self._pad(np.square(deviation))
        shape = self._on_all(np.square(spectrum))
        noise = [shape * self._in_blocks(self._mean(variance[place])) for place in self._places()]
        noisy = self.tilings(plane)
        kept, counts = [], []
        for coefficients, level in zip(noisy, noise, strict=True):
            stands_out = np.square(coefficients) > _THRESHOLD * _THRESHOLD * level
            stands_out[::SIDE, ::SIDE] = True
            kept.append(coefficients * stands_out)
            counts.append(self._mean(stands_out.astype(np.float32)))
        estimate = self.plane(kept, [1 / count for count in counts])
        weights = []
        for coefficients, level, signal in zip(noisy, noise, self.tilings(estimate), strict=True):
            energy = np.square(signal)
            gain = energy / np.maximum(energy + level, _TINY)
            gain[::SIDE, ::SIDE] = 1
            coefficients *= gain
            weights.append(1 / self._mean(np.square(gain)))
        return self.plane(noisy, weights)

    def _places(self) -> Iterator[tuple[slice, slice]]:
        """Where each tiling lies on the padded plane."""
        for top, left in _SHIFTS:
            yield slice(top, top + self._tiled[0]), slice(left, left + self._tiled[1])

    def _pad(self, plane: Plane) -> Plane:
        below, right = (padded - size - SIDE for padded, size in zip(self._padded, self._shape, strict=True))
        return np.asarray(cv2.copyMakeBorder(plane, SIDE, below, SIDE, right, cv2.BORDER_REFLECT))

    def _transformed(self, tiling: Plane, basis: Plane) -> Plane:
        """Each block B as basis B basis^T."""
        rows, columns = self._grid
        # Many small products, each too small for the library to share out over threads.
        down = np.matmul(basis, tiling.reshape(rows, SIDE, columns * SIDE))
        both = np.matmul(down.reshape(rows, SIDE * columns, SIDE), basis.T)
        return np.asarray(both.reshape(self._tiled))

    def _on_all(self, block: npt.NDArray[np.float32]) -> Plane:
        """Repeat one block (8, 8) on the whole tiling."""
        return np.tile(block, self._grid)

    def _in_blocks(self, values: Plane) -> Plane:
        """Give each block's value (rows, columns) to all its pixels."""
        return np.asarray(cv2.resize(values, self._tiled[::-1], interpolation=cv2.INTER_NEAREST))

    def _mean(self, tiling: Plane) -> Plane:
        """Mean of each block (rows, columns)."""
        return np.asarray(cv2.resize(tiling, self._grid[::-1], interpolation=cv2.INTER_AREA))
