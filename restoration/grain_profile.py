"""The grain of a shot: deviation by tone and spectrum, in the source, after restoration, and between."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelfix.restoration.denoise_noise import NoiseLevel
from reelfix.restoration.grain_measure import FREQUENCIES, KEYS, STATES, TONES, FrameGrain

_REACH = 1.5  # steps of tone from which a tone borrows its variance
_DOUBT = 12.0  # blocks: a tone that fewer have borrows its variance from the others

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class GrainLevel:
    """Grain in one state of the frames."""

    variances: Values
    """float32 (C, TONES)."""
    mean: Values
    """float32 (C,): mean variance over the tones that the shot has."""
    spectrum: Values
    """float32 (C, SIDE, SIDE / 2 + 1): power of the grain scaled to a variance of 1, about; of colours, of
    what they share and of their differences (`grain_measure.opponents`)."""
    of_keys: Values
    """float32 (KEYS, C, SIDE, SIDE / 2 + 1): the same of the darks, the middle and the lights."""
    key_means: Values
    """float32 (KEYS,): mean variance of each, of all channels."""

    def levels(self) -> tuple[NoiseLevel, ...]:
        """Return the standard deviation by tone, of each channel."""
        places = np.linspace(0, 1, 256) * TONES - 0.5
        steps = np.arange(TONES)
        return tuple(
            NoiseLevel(np.sqrt(np.interp(places, steps, of_channel)).astype(np.float32))
            for of_channel in self.variances
        )


@dataclass(frozen=True)
class GrainProfile:
    """The grain of a shot."""

    source: GrainLevel
    kept: GrainLevel
    """What restoration left."""
    removed: GrainLevel
    """What it took: the source without what was left."""
    counts: Values
    """float32 (C, TONES): blocks that it was told from, by tone."""
    repeating: float
    """Correlation of what was removed with the next frame's: 0 for grain, 1 for what stays."""


def profile_size(channels: int) -> int:
    """Return how many numbers a frame's grain is kept in."""
    of_spectra = KEYS * STATES * FREQUENCIES[0] * FREQUENCIES[1]
    return channels * ((STATES + 1) * TONES + of_spectra) + KEYS + 2


def packed(told: FrameGrain) -> Values:
    """Return what a frame tells of its grain as numbers, float32 (profile_size,)."""
    parts = (told.variances, told.counts, told.spectra, told.blocks, told.repeating)
    return np.concatenate([np.ravel(part) for part in parts]).astype(np.float32)


def unpacked(values: Values, channels: int) -> FrameGrain:
    """Undo `packed`; raises ValueError for numbers that are not of so many channels."""
    if values.shape != (profile_size(channels),):
        raise ValueError(
            f"a profile of {values.shape} numbers is not of {channels} channels, which has "
            f"({profile_size(channels)},)."
        )
    spectra = (KEYS, STATES, channels, *FREQUENCIES)
    shapes: tuple[tuple[int, ...], ...] = (
        (STATES, channels, TONES),
        (channels, TONES),
        spectra,
        (KEYS,),
        (2,),
    )
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    parts = [part.reshape(shape) for part, shape in zip(np.split(values, ends), shapes, strict=True)]
    return FrameGrain(*parts)


def profile_of(frames: Sequence[FrameGrain]) -> GrainProfile | None:
    """Put together what the frames of a shot tell of its grain; None where none tells anything."""
    told = [frame for frame in frames if frame.blocks.any()]
    if not told:
        return None
    counts = np.sum([frame.counts for frame in told], axis=0)
    variances = np.sum([frame.variances * frame.counts for frame in told], axis=0)
    blocks = np.sum([frame.blocks for frame in told], axis=0)
    sums = np.sum([frame.spectra * frame.blocks[:, None, None, None, None] for frame in told], axis=0)
    spectra = sums.swapaxes(0, 1)  # STATESxKEYSxC...
    common, energy = np.sum([frame.repeating for frame in told], axis=0)
    source, kept, removed = (_level(*state, counts, blocks) for state in zip(variances, spectra, strict=True))
    repeating = float(np.clip(common / energy, -1, 1)) if energy > 0 else 0.0
    return GrainProfile(source, kept, removed, counts.astype(np.float32), repeating)


def _level(sums: Values, spectra: Values, counts: Values, blocks: Values) -> GrainLevel:
    """`sums` (C, TONES) and `spectra` (KEYS, C, ...): each times the blocks that it was told from."""
    steps = np.arange(TONES)
    share = np.exp(-0.5 * np.square((steps[:, None] - steps) / _REACH))
    share += 1e-6  # a tone that is far from all there are has their mean
    near = (sums @ share) / (counts @ share)
    variances = (sums + _DOUBT * near) / (counts + _DOUBT)
    mean = sums.sum(axis=1) / counts.sum(axis=1)
    whole = spectra.sum(axis=0) / blocks.sum()
    of_keys = (spectra + _DOUBT * whole) / (blocks + _DOUBT)[:, None, None, None]
    key_of_tone = np.clip((steps + 0.5) / TONES * KEYS, 0, KEYS - 1).astype(np.intp)
    seen = counts + 1e-3  # a key that is not seen has the means of its tones, which are borrowed
    key_means = [
        (variances * seen)[:, key_of_tone == key].sum() / seen[:, key_of_tone == key].sum()
        for key in range(KEYS)
    ]
    parts = variances, mean, whole, of_keys, key_means
    return GrainLevel(*(np.asarray(part, dtype=np.float32) for part in parts))
