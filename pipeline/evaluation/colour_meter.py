"""The figures of one coloured clip or still, taken frame by frame."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.measures import MEASURES, OF_SETS
from reelfix.restoration.arrays import Plane, as_array, luma_of
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.metrics.chroma_warping import chroma_step_error
from reelfix.restoration.metrics.colorfulness import colorfulness
from reelfix.restoration.metrics.colour_consistency import ColourConsistency
from reelfix.restoration.metrics.colour_error import ColourError, lab_squares, near_edges
from reelfix.restoration.metrics.warping import MotionStep, motion_step


@dataclass(frozen=True)
class TrueColours:
    """A frame of the truth, measured once for all methods."""

    picture: torch.Tensor
    """float32 (3, H, W) in [0, 1]."""
    lab: torch.Tensor
    """float32 (3, H, W)."""
    edges: npt.NDArray[np.bool_]
    """(H, W): near a strong edge of luma."""
    colorfulness: float
    step: MotionStep | None
    """From the frame before to this one; None for the first."""


def read_truth(clip: torch.Tensor) -> list[TrueColours]:
    """Measure a true clip, float32 (T, 3, H, W) in [0, 1]."""
    found: list[TrueColours] = []
    last: Plane | None = None
    for picture in clip:
        luma = luma_of(as_array(picture))
        step = None if last is None else motion_step(last, luma)
        found.append(TrueColours(picture, rgb_to_lab(picture), near_edges(luma), colorfulness(picture), step))
        last = luma
    return found


@dataclass
class ColourMeter:
    """Measures one method on one item, frame after frame; the frame before is held, no more."""

    judges: Judges
    every: int = 1
    """What takes long is measured of every so-manieth frame."""
    features: list[npt.NDArray[np.float64]] = field(default_factory=list)
    """Of the sampled frames, where sets are compared."""
    _index: int = 0
    _error: ColourError = field(default_factory=ColourError)
    _squares: dict[str, list[float]] = field(default_factory=dict)
    _means: dict[str, list[float]] = field(default_factory=dict)
    _consistency: ColourConsistency = field(default_factory=ColourConsistency)
    _last: torch.Tensor | None = None

    def add(self, picture: torch.Tensor, truth: TrueColours, *, is_truth: bool = False) -> None:
        """Take the next frame, float32 (3, H, W) in [0, 1]; `is_truth`: only what is measured blindly."""
        lab = rgb_to_lab(picture)
        found = colorfulness(picture)
        self._note("colorful", found)
        self._consistency.add(picture)
        self._follow(lab[1:], truth)
        if not is_truth:
            self._error.add(lab[1:], truth.lab[1:], truth.edges)
            self._square("psnr", (picture.double() - truth.picture.double()).square())
            self._square("psnr_lab", lab_squares(lab, truth.lab))
            self._note("colorful_off", abs(found - truth.colorfulness))
        if self._index % self.every == 0:
            self._judge(picture, None if is_truth else truth)
        self._last = lab[1:]
        self._index += 1

    def figures(self) -> dict[str, float]:
        """Return what was measured so far, by the measures' names."""
        found = {name: _psnr(squares) for name, squares in self._squares.items()}
        found |= {name: float(np.mean(values)) for name, values in self._means.items()}
        if self._index > 1:
            found["cdc"] = 1e3 * self._consistency.value
            chroma, moved = found.pop("_chroma"), found.pop("_moved")
            found["chroma_warping"] = math.sqrt(moved)
            found["chroma_unsteady"] = 100 * math.sqrt(moved / chroma) if chroma > 1 else math.nan
        if self._squares:
            error = self._error
            found |= {"ab": error.mean, "ab_balanced": error.balanced, "ab_edges": error.at_edges}
            found |= {"ab_near": 100 * error.near, "ab_auc": 100 * error.auc}
        unwanted = set(MEASURES) - set(self.judges.measures)
        return {name: value for name, value in found.items() if name not in unwanted}

    def _follow(self, ab: torch.Tensor, truth: TrueColours) -> None:
        if self._last is None or truth.step is None:
            return
        self._note("_moved", chroma_step_error(self._last, ab, truth.step))
        self._note("_chroma", float(ab.square().sum(dim=0).mean()))

    def _judge(self, picture: torch.Tensor, truth: TrueColours | None) -> None:
        judges = self.judges
        if truth is not None and judges.lpips is not None and "lpips" in judges.measures:
            self._note("lpips", judges.lpips(picture[None], truth.picture[None]))
        if judges.features is not None and set(judges.measures).intersection(OF_SETS):
            self.features.append(judges.features(picture))

    def _square(self, name: str, squares: torch.Tensor) -> None:
        self._squares.setdefault(name, []).append(float(squares.mean()))

    def _note(self, name: str, value: float) -> None:
        self._means.setdefault(name, []).append(value)


def _psnr(squares: list[float]) -> float:
    mean = float(np.mean(squares))
    return math.inf if mean == 0 else -10 * math.log10(mean)
