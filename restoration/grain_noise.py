"""Grain made anew: noise of a given spectrum, of which each frame has a piece of its own."""

import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.grain_blocks import SIDE

TILE = 16 * SIDE
"""Pixels after which the noise begins again."""

_SEED = 1896


class GrainTile:
    """A tile of noise that repeats without a seam."""

    def __init__(self, power: npt.NDArray[np.float32]) -> None:
        """Make noise whose planes have the spectra `power`, float32 (KEYS, C, SIDE, SIDE / 2 + 1).

        A power of 1 throughout is white noise of a variance of 1. The keys' noise differs in its spectrum
        alone: it is the same noise, so that the one passes into the other.
        """
        self._planes = np.stack(
            [[_shaped(spectrum, layer) for layer, spectrum in enumerate(of_key)] for of_key in power]
        )

    def piece(self, height: int, width: int, number: int, layer: int) -> Plane:
        """Return noise (KEYS, C, height, width) for frame `number`; each layer, 0 and 1, has its own."""
        random = np.random.default_rng((_SEED, number))
        down, across = (int(step) + layer * TILE // 2 for step in random.integers(TILE, size=2))
        rows, columns = (
            (start + np.arange(size)) % TILE for start, size in ((down, height), (across, width))
        )
        piece = self._planes[:, :, rows][..., columns]
        return np.asarray(-piece if random.integers(2) else piece)


def _shaped(power: npt.NDArray[np.float32], layer: int) -> Plane:
    """White noise filtered to the spectrum `power` (SIDE, SIDE / 2 + 1): (TILE, TILE)."""
    white = np.random.default_rng((_SEED, layer, TILE)).standard_normal((TILE, TILE), np.float32)
    fine = TILE // SIDE
    rows, columns = np.arange(TILE) / fine, np.arange(TILE // 2 + 1) / fine
    wrapped = np.concatenate([power, power[:1]])
    between = np.stack([np.interp(rows, np.arange(SIDE + 1), column) for column in wrapped.T], axis=1)
    full = np.stack([np.interp(columns, np.arange(SIDE // 2 + 1), row) for row in between])
    spectrum = np.fft.rfft2(white) * np.sqrt(np.maximum(full, 0))
    return np.fft.irfft2(spectrum, s=(TILE, TILE)).astype(np.float32)
