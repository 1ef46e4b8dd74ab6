"""What the grain report says of one shot: plain numbers, in code values of 255 and decibels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reelfix.restoration.grain_blocks import SIDE
from reelfix.restoration.grain_profile import GrainLevel, GrainProfile

BANDS = 12
"""Bands of frequency from 0 to half a cycle a pixel."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GrainState:
    """Grain in one state of a shot; of colours, their mean, and the spectrum of what they share."""

    deviation: float
    """Standard deviation in code values of 255."""
    tones: Values
    """(TONES,): the same by tone; NaN for a tone that the shot has not."""
    bands: Values
    """(BANDS,): power by frequency, in dB over one code value squared in all."""
    plane: Values
    """(SIDE, SIDE): power in all directions, in the same dB, slow in the middle."""

    @property
    def thirds(self) -> tuple[float, float, float]:
        """Deviation in the darks, the middle and the lights; NaN where the shot has no such tone."""
        parts = np.array_split(self.tones, 3)
        darks, middle, lights = (
            float(np.nanmean(part)) if not np.isnan(part).all() else np.nan for part in parts
        )
        return darks, middle, lights

    def content(self) -> dict[str, Any]:
        """Return it for JSON; None for what is not known."""
        tones = [None if np.isnan(value) else round(float(value), 3) for value in self.tones]
        bands = [round(float(value), 2) for value in self.bands]
        return {"deviation": round(self.deviation, 3), "by_tone": tones, "spectrum_db": bands}


@dataclass(frozen=True)
class ShotGrain:
    """The grain of a shot."""

    name: str
    source: GrainState
    restored: GrainState
    given: GrainState
    """Once grain was given back."""
    repeating: float
    """Correlation of what restoration took with the next frame's: 0 for grain, 1 for what stays."""

    @property
    def difference(self) -> float:
        """Mean difference of the given spectrum's shape from the source's, in dB."""
        apart = self.given.bands - self.source.bands
        return float(np.abs(apart - apart.mean()).mean())

    def content(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "shot": self.name,
            "source": self.source.content(),
            "restored": self.restored.content(),
            "given": self.given.content(),
            "shape_difference_db": round(self.difference, 3),
            "repeating": round(self.repeating, 4),
        }


def shot_grain(name: str, before: GrainProfile, after: GrainProfile) -> ShotGrain:
    """Put a shot's grain in plain numbers: of its profile, and of one of its frames with grain given back."""
    states = (before.source, before.kept, after.source)
    source, restored, given = (_state(level, before.counts) for level in states)
    return ShotGrain(name, source, restored, given, before.repeating)


def _state(level: GrainLevel, counts: npt.NDArray[np.float32]) -> GrainState:
    seen = counts.sum(axis=0) > 0
    by_tone = np.sqrt(level.variances.mean(axis=0)) * 255
    power = level.spectrum[0].astype(np.float64) * float(level.mean.mean()) * 255**2
    # The other half of the plane: that of a real signal is the first, turned about 0.
    mirrored = np.roll(power[::-1], 1, axis=0)[:, SIDE // 2 - 1 : 0 : -1]
    whole = np.fft.fftshift(np.concatenate([power, mirrored], axis=1))
    return GrainState(
        float(np.sqrt(level.mean.mean()) * 255),
        np.where(seen, by_tone, np.nan),
        _decibels(_banded(power)),
        _decibels(whole),
    )


def _banded(power: Values) -> Values:
    """Mean power (BANDS,) of the half plane (SIDE, SIDE / 2 + 1) in rings of frequency."""
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    band = np.floor(radius * 2 * BANDS + 0.5).astype(np.intp).ravel()
    inside = (band >= 1) & (band <= BANDS)
    sums = np.bincount(band[inside], power.ravel()[inside], minlength=BANDS + 1)[1:]
    return np.asarray(sums / np.bincount(band[inside], minlength=BANDS + 1)[1:])


def _decibels(power: Values) -> Values:
    return np.asarray(10 * np.log10(np.maximum(power, 1e-6)))
