"""Noise taken out of one picture by shrinking the cosine transforms of overlapping blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

SIDE = 8
"""Pixels along a block."""

Blocks = npt.NDArray[np.float32]
"""Pixels or coefficients of blocks, (8, 8, blocks): what lies at one place in all of them is together."""

_SHIFTS = tuple((step, 3 * step % SIDE) for step in range(SIDE))  # rows and columns: as even as eight can lie
_LARGE = 1_000_000  # pixels: from here on, the first estimate makes do with every other tiling
_BETA = 2.0  # of the Kaiser window by which blocks are laid over each other
_THRESHOLD = np.float32(2.5)  # deviations: a coefficient below is noise, for the first estimate
_TINY = np.float32(1e-12)
_AT_ONCE = 1500  # blocks worked on at once: they stay in the processor's cache


@dataclass(frozen=True)
class _Part:
    """Some rows of blocks of one tiling."""

    top: int
    left: int
    start: int
    """First block."""
    stop: int


class BlockTransform:
    """Cosine transforms of overlapping blocks of 8 x 8 pixels, for planes of one size.

    The blocks make eight tilings of the plane, each shifted otherwise. A plane is taken apart into its 64
    phases, the pixels at one place of the unshifted blocks: a shifted tiling is then made of runs of them.
    Blocks are counted row by row; in each row comes a last one that lies beyond the plane.
    """

    def __init__(self, height: int, width: int) -> None:
        self._shape = (height, width)
        # A block of margin, so that every pixel lies in a block of every tiling.
        self._rows, columns = (-(-(size + SIDE) // SIDE) for size in (height, width))
        self._stride = columns + 1
        self._padded = ((self._rows + 1) * SIDE, self._stride * SIDE)
        self._basis = np.ascontiguousarray(cv2.dct(np.eye(SIDE, dtype=np.float32), flags=cv2.DCT_ROWS).T)
        self._first_shifts = _SHIFTS[::2] if height * width >= _LARGE else _SHIFTS
        window = np.kaiser(SIDE, _BETA).astype(np.float32)
        self._windowed = np.ascontiguousarray(self._basis.T * window[:, None])
        self._window = np.outer(window, window).astype(np.float32)[..., None]

    def coefficients(self, plane: Plane) -> npt.NDArray[np.float32]:
        """Coefficients (64, blocks) of the unshifted blocks of a plane (H, W), the first the mean times 8."""
        phases = self._phases(plane)
        part = _Part(0, 0, 0, self._rows * self._stride)
        inside = np.arange(part.stop) % self._stride < self._stride - 1
        return self._transformed(self._taken(phases, part), self._basis).reshape(SIDE * SIDE, -1)[:, inside]

    def shrunk(self, plane: Plane, deviation: Plane, spectrum: Plane) -> Plane:
        """Return `plane` (H, W) with noise of `deviation` (H, W) and relative `spectrum` (8, 8) taken out.

        Yaroslavsky et al., "Transform domain image restoration methods" (1996), in two steps as in Dabov et
        al., "Image denoising by sparse 3-D transform-domain collaborative filtering" (2007): a first estimate
        keeps the coefficients that stand out of the noise; its energies make the Wiener filter of the second.
        """
        noisy, levels = self._phases(plane), self._levels(deviation)
        shape = np.square(spectrum)[..., None]
        sums, weights = np.zeros_like(noisy), np.zeros_like(noisy)
        for part in self._parts(self._first_shifts):
            self._lay(sums, weights, part, *self._kept(noisy, levels, shape, part))
        estimate = np.divide(sums, np.maximum(weights, _TINY, out=weights), out=sums)
        sums, weights = np.zeros_like(noisy), np.zeros_like(noisy)
        for part in self._parts(_SHIFTS):
            self._lay(sums, weights, part, *self._filtered(noisy, estimate, levels, shape, part))
        return self._whole(np.divide(sums, np.maximum(weights, _TINY, out=weights), out=sums))

    def _kept(
        self, noisy: Blocks, levels: Plane, shape: Blocks, part: _Part
    ) -> tuple[Blocks, npt.NDArray[np.float32]]:
        """The coefficients that stand out of the noise, and each block's weight."""
        coefficients = self._transformed(self._taken(noisy, part), self._basis)
        least = (_THRESHOLD * _THRESHOLD * shape) * self._level(levels, part)
        stands_out = np.square(coefficients) > least
        stands_out[0, 0] = True
        coefficients *= stands_out
        count = np.add.reduce(stands_out.view(np.uint8), axis=(0, 1), dtype=np.uint8)
        return coefficients, 1 / count.astype(np.float32)

    def _filtered(
        self, noisy: Blocks, estimate: Blocks, levels: Plane, shape: Blocks, part: _Part
    ) -> tuple[Blocks, npt.NDArray[np.float32]]:
        """The coefficients after Wiener's filter, by the estimate's energies, and each block's weight."""
        gain = self._transformed(self._taken(estimate, part), self._basis)
        np.square(gain, out=gain)
        both = shape * self._level(levels, part)
        both += gain
        gain /= np.maximum(both, _TINY, out=both)
        gain[0, 0] = 1
        coefficients = self._transformed(self._taken(noisy, part), self._basis)
        coefficients *= gain
        energy = np.square(gain, out=gain).reshape(SIDE * SIDE, -1).sum(axis=0)
        return coefficients, 1 / energy

    def _parts(self, shifts: tuple[tuple[int, int], ...]) -> Iterator[_Part]:
        rows = max(_AT_ONCE // self._stride, 1)
        for first in range(0, self._rows, rows):
            last = min(first + rows, self._rows)
            for top, left in shifts:
                yield _Part(top, left, first * self._stride, last * self._stride)

    def _lay(
        self,
        sums: Blocks,
        weights: Blocks,
        part: _Part,
        coefficients: Blocks,
        weight: npt.NDArray[np.float32],
    ) -> None:
        """Lay blocks over what lies there, by the window and each by its weight."""
        weight[self._stride - 1 :: self._stride] = 0  # what lies beyond the plane
        coefficients *= weight
        pixels = self._transformed(coefficients, self._windowed)
        share = self._window * weight
        for inside, phases in self._runs(part):
            sums[phases] += pixels[inside]
            weights[phases] += share[inside]

    def _taken(self, phases: Blocks, part: _Part) -> Blocks:
        """The pixels of blocks, a copy."""
        blocks = np.empty((SIDE, SIDE, part.stop - part.start), np.float32)
        for inside, run in self._runs(part):
            blocks[inside] = phases[run]
        return blocks

    def _runs(self, part: _Part) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice, slice]]]:
        """Places within blocks, and where their pixels lie among the phases.

        What a shift moves over the edge of an unshifted block lies in the next one, down or across.
        """
        for rows, row_phases, down in self._wrapped(part.top):
            for columns, column_phases, across in self._wrapped(part.left):
                ahead = down * self._stride + across
                blocks = slice(part.start + ahead, part.stop + ahead)
                yield (rows, columns), (row_phases, column_phases, blocks)

    @staticmethod
    def _wrapped(shift: int) -> Iterator[tuple[slice, slice, int]]:
        yield slice(0, SIDE - shift), slice(shift, SIDE), 0
        if shift:
            yield slice(SIDE - shift, SIDE), slice(0, shift), 1

    def _transformed(self, blocks: Blocks, basis: Plane) -> Blocks:
        """Each block B as basis B basis^T, in the place of `blocks`."""
        # Many products, each too small for the library to share out over threads.
        down = np.matmul(basis, blocks.transpose(1, 0, 2))
        return np.matmul(basis, down.transpose(1, 0, 2), out=blocks)

    def _phases(self, plane: Plane) -> Blocks:
        """Take a plane (H, W) apart, (8, 8, blocks), with a margin."""
        padded = self._pad(plane).reshape(self._rows + 1, SIDE, self._stride, SIDE)
        count = (self._rows + 1) * self._stride
        phases = np.zeros((SIDE, SIDE, count + 1), np.float32)  # one more, for the last block's way beyond
        phases[..., :count] = padded.transpose(1, 3, 0, 2).reshape(SIDE, SIDE, count)
        return phases

    def _whole(self, phases: Blocks) -> Plane:
        """Put a plane (H, W) together."""
        height, width = self._shape
        blocks = phases[..., :-1].reshape(SIDE, SIDE, self._rows + 1, self._stride)
        padded = blocks.transpose(2, 0, 3, 1).reshape(self._padded)
        return padded[SIDE : SIDE + height, SIDE : SIDE + width]

    def _levels(self, deviation: Plane) -> Plane:
        """Mean variance of the block that begins at each place of the padded plane."""
        variance = self._pad(np.square(deviation))
        return np.asarray(cv2.boxFilter(variance, -1, (SIDE, SIDE), anchor=(0, 0)))

    def _level(self, levels: Plane, part: _Part) -> npt.NDArray[np.float32]:
        first, last = (part.top + block // self._stride * SIDE for block in (part.start, part.stop))
        return np.ascontiguousarray(levels[first:last:SIDE, part.left :: SIDE]).ravel()

    def _pad(self, plane: Plane) -> Plane:
        below, right = (padded - size - SIDE for padded, size in zip(self._padded, self._shape, strict=True))
        return np.asarray(cv2.copyMakeBorder(plane, SIDE, below, SIDE, right, cv2.BORDER_REFLECT))
