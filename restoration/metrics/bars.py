"""What the artist's track bars are measured by: one measure for each bar, that answers to its damage alone.

They need to know what the generator of damage did. All but contrast are taken after the result's tones were
brought back to the clean picture's: whatever stretches the tones stretches grain and edges with them, and
noise is told by its share of the signal.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

_TONES = 6.0  # pixels over which a place's tone is averaged
_GRAIN = 3.0  # what is coarser than these pixels is tone, not grain
_MARKS = 1.5  # pixels over which marks are seen: coarser than grain
_VISIBLE = 0.02  # what a mark changes there at least
_AWAY = 4  # pixels from a mark at which a place is sound
_FLAT = 0.4  # share of the sound places that is flat
_EDGES = 0.05  # share of them that is strong edges
_MID = (0.12, 0.88)
_LEAST = 64  # places without which nothing is measured
_ROBUST = 1.4826  # of a normal distribution: deviation over median absolute deviation


class BarFigures(NamedTuple):
    """What a result shows of the damage of each bar, in the order of the bars."""

    noise: float
    """Bar `denoise`: robust deviation of grain in flat places of middle tone, in units of the clean picture's
    tones; 0 where there is none."""
    sharpness: float
    """Bar `sharpness`: how much of the gradients of the clean picture's strong edges there is; 1 is all."""
    contrast: float
    """Bar `contrast`: the spread of the tones, as a share of the clean picture's; 1 is all."""
    scratches: float
    """Bar `scratches`: how much is left of what the marks changed; 0 is nothing, NaN if none were."""


@dataclass(frozen=True)
class BarTruth:
    """What a damaged picture was made of, before it faded: planes float32 (H, W) in [0, 1]."""

    frame: Plane
    """With all its damage."""
    unmarked: Plane
    """Without marks."""
    soft: Plane
    """Without grain as well."""
    clean: Plane
    """Without blur as well."""

    def figures(self, result: Plane) -> BarFigures:
        """Measure a picture (H, W), faded or not, that was made of `frame`.

        Raises ValueError for one of another size.
        """
        if result.shape != self.clean.shape:
            raise ValueError(f"{result.shape = } must equal {self.clean.shape = }.")
        black, contrast = self._tones(result)
        picture = (result - black) / max(contrast, 1e-3)
        return BarFigures(self._noise(picture), self._sharpness(picture), contrast, self._left(picture))

    @cached_property
    def _marks(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.abs(_blurred(self.frame - self.unmarked, _MARKS)) > _VISIBLE)

    @cached_property
    def _sound(self) -> npt.NDArray[np.bool_]:
        near = np.ones((2 * _AWAY + 1, 2 * _AWAY + 1), np.uint8)
        return np.asarray(cv2.dilate(self._marks.astype(np.uint8), near) == 0)

    @cached_property
    def _slopes(self) -> Plane:
        across, down = _gradients(_blurred(self.clean, 1.0))
        return np.hypot(across, down)

    @cached_property
    def _flat(self) -> npt.NDArray[np.bool_]:
        mid = self._sound & (self.clean > _MID[0]) & (self.clean < _MID[1])
        places = mid if mid.sum() >= _LEAST else self._sound
        if places.sum() < _LEAST:
            places = np.ones_like(places)
        return np.asarray(places & (self._slopes <= np.quantile(self._slopes[places], _FLAT)))

    @cached_property
    def _edges(self) -> npt.NDArray[np.bool_]:
        places = self._sound if self._sound.sum() >= _LEAST else np.ones_like(self._sound)
        return np.asarray(places & (self._slopes >= np.quantile(self._slopes[places], 1 - _EDGES)))

    def _tones(self, result: Plane) -> tuple[float, float]:
        """Where black lies, and the spread: the line through sound places' tones, from clean to result."""
        places = self._sound if self._sound.sum() >= _LEAST else np.ones_like(self._sound)
        weight = places.astype(np.float32)
        around = _blurred(weight, _TONES)[places]
        clean, here = (_blurred(plane * weight, _TONES)[places] / around for plane in (self.clean, result))
        black, spread = _fitted(here, np.ones_like(clean), clean)
        return black, spread

    def _noise(self, picture: Plane) -> float:
        """Deviation of what is fine there and neither the clean picture's nor the blurred one's texture."""
        here, clean, soft = (
            (plane - _blurred(plane, _GRAIN))[self._flat] for plane in (picture, self.clean, self.soft)
        )
        of_clean, of_soft = _fitted(here, clean, soft)
        rest = here - of_clean * clean - of_soft * soft
        return float(_ROBUST * np.median(np.abs(rest - np.median(rest))))

    def _sharpness(self, picture: Plane) -> float:
        """Regression of gradients on the clean picture's; what they owe to the known grain is held apart."""
        here, clean, grain = (
            np.concatenate([gradient[self._edges] for gradient in _gradients(plane)])
            for plane in (picture, self.clean, self.unmarked - self.soft)
        )
        return _fitted(here, clean, grain)[0]

    def _left(self, picture: Plane) -> float:
        """Regression, where marks are, on what they changed; what is grain or blur there is held apart."""
        if self._marks.sum() < _LEAST:
            return float("nan")
        here, marks, grain, blur = (
            _blurred(plane, _MARKS)[self._marks]
            for plane in (
                picture - self.soft,
                self.frame - self.unmarked,
                self.unmarked - self.soft,
                self.clean - self.soft,
            )
        )
        return _fitted(here, marks, grain, blur)[0]


def _fitted(values: Plane, *causes: Plane) -> tuple[float, ...]:
    """Least squares: how much of each cause is in `values`; 0 of a cause that is nowhere."""
    table = np.stack(causes, axis=1).astype(np.float64)
    lengths = np.linalg.norm(table, axis=0)
    scales = np.where(lengths > 1e-9, lengths, 1.0)
    shares = np.linalg.lstsq(table / scales, values.astype(np.float64), rcond=1e-6)[0] / scales
    return tuple(float(share) for share in shares)


def _gradients(plane: Plane) -> tuple[Plane, Plane]:
    """Differences to the next pixel across and down, (H, W) each; 0 at the last."""
    across, down = np.zeros_like(plane), np.zeros_like(plane)
    across[:, :-1] = np.diff(plane, axis=1)
    down[:-1] = np.diff(plane, axis=0)
    return across, down


def _blurred(plane: Plane, deviation: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), deviation, borderType=cv2.BORDER_REFLECT_101))
