"""The figures of one clip or picture, taken frame by frame: no more than two frames are held."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch

from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.measures import MEASURES, OF_SETS
from reelfix.restoration.arrays import Plane, as_array, luma_of
from reelfix.restoration.metrics.flicker import FlickerMeter
from reelfix.restoration.metrics.gradients import gmsd
from reelfix.restoration.metrics.naturalness import niqe
from reelfix.restoration.metrics.similarity import plane_ssim
from reelfix.restoration.metrics.warping import MotionStep, motion_step, step_error

_UNDER = "under "
_RARELY = 4
"""DISTS, which takes seconds of a frame, is of every so-manieth sampled one."""


@dataclass(frozen=True)
class TrueFrame:
    """A frame of the truth, and how it came from the one before; measured once for all methods."""

    picture: torch.Tensor
    """float32 (C, H, W) in [0, 1]."""
    luma: Plane
    step: MotionStep | None = None
    """From the frame before to this one."""
    own_error: float = 0.0
    """The truth's own error along it."""


class TruthReader:
    """Turns a true clip's pictures into TrueFrames, one after the other."""

    def __init__(self, *, with_motion: bool) -> None:
        self._with_motion = with_motion
        self._last: Plane | None = None

    def read(self, picture: torch.Tensor) -> TrueFrame:
        """Take the next picture, float32 (C, H, W) in [0, 1]."""
        luma = luma_of(as_array(picture))
        last, self._last = self._last, luma
        if last is None or not self._with_motion:
            return TrueFrame(picture, luma)
        step = motion_step(last, luma)
        return TrueFrame(picture, luma, step, step_error(last, luma, step))


@dataclass
class _Squares:
    """Squared differences, and of how many samples."""

    total: float = 0.0
    count: int = 0

    def add(self, squares: torch.Tensor) -> None:
        self.total += float(squares.sum())
        self.count += squares.numel()

    @property
    def psnr(self) -> float:
        if not self.count:
            return math.nan
        return math.inf if self.total == 0 else -10 * math.log10(self.total / self.count)


@dataclass
class ClipMeter:
    """Measures one method on one item, frame after frame."""

    judges: Judges
    every: int = 1
    """What takes long is measured of every so-manieth frame."""
    features: list[npt.NDArray[np.float64]] = field(default_factory=list)
    """Of the sampled frames, where sets are compared."""
    _index: int = 0
    _squares: dict[str, _Squares] = field(default_factory=dict)
    _means: dict[str, list[float]] = field(default_factory=dict)
    _flicker: FlickerMeter = field(default_factory=FlickerMeter)
    _unsteady: FlickerMeter = field(default_factory=FlickerMeter)
    _last: Plane | None = None

    def add(
        self,
        picture: torch.Tensor,
        truth: TrueFrame | None = None,
        places: Mapping[str, torch.Tensor] = MappingProxyType({}),
    ) -> None:
        """Take the next frame, float32 (C, H, W) in [0, 1].

        `places`: bool (H, W) by name, the pixels that a PSNR of their own is taken of; `inside` and `outside`
        the marks, and others for kinds of damage.
        """
        wanted = set(self.judges.measures)
        luma = luma_of(as_array(picture))
        if truth is not None:
            self._compare(picture, truth.picture, places)
            self._follow(picture, luma, truth, wanted)
            if self._index % max(1, self.every // 2) == 0:
                self._score(luma, truth.luma, wanted)
        if "unsteady" in wanted:
            self._unsteady.add(picture)
        if self._index % self.every == 0:
            self._judge(picture, luma, truth, wanted)
        self._last = luma
        self._index += 1

    @property
    def frames(self) -> int:
        """Frames taken so far."""
        return self._index

    def figures(self) -> dict[str, float]:
        """Return what was measured so far, by the measures' names, and `inside` of places by theirs."""
        found = {name: squares.psnr for name, squares in self._squares.items()}
        found |= {name: _mean(values) for name, values in self._means.items()}
        if "warping" in found:
            found["warping"] *= 1e4
        if self._index >= 3:
            left, own = self._flicker.energy(), self._unsteady.energy()
            found |= (
                {"flicker": 100 * left.overall, "flicker_local": 100 * left.local} if self._squares else {}
            )
            found["unsteady"] = 100 * own.overall
        unwanted = set(MEASURES) - set(self.judges.measures)
        return {name: value for name, value in found.items() if name not in unwanted}

    def split_figures(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the figures, and apart from them the PSNR of places named `under ...`, by what follows."""
        found = self.figures()
        under = {
            name.removeprefix(_UNDER): found.pop(name) for name in list(found) if name.startswith(_UNDER)
        }
        return found, under

    def _compare(
        self, picture: torch.Tensor, truth: torch.Tensor, places: Mapping[str, torch.Tensor]
    ) -> None:
        error = (picture - truth).double().square_()
        self._squares.setdefault("psnr", _Squares()).add(error)
        for name, place in places.items():
            self._squares.setdefault(name, _Squares()).add(error[:, place])

    def _follow(self, picture: torch.Tensor, luma: Plane, truth: TrueFrame, wanted: set[str]) -> None:
        if "flicker" in wanted or "flicker_local" in wanted:
            self._flicker.add(picture, truth.picture)
        if "warping" in wanted and truth.step is not None and self._last is not None:
            self._note("warping", step_error(self._last, luma, truth.step) - truth.own_error)

    def _score(self, luma: Plane, truth: Plane, wanted: set[str]) -> None:
        if "ssim" in wanted:
            self._note("ssim", plane_ssim(luma, truth))
        if "gmsd" in wanted:
            self._note("gmsd", gmsd(luma, truth))

    def _judge(self, picture: torch.Tensor, luma: Plane, truth: TrueFrame | None, wanted: set[str]) -> None:
        judges = self.judges
        if truth is not None and judges.lpips is not None and "lpips" in wanted:
            self._note("lpips", judges.lpips(picture[None], truth.picture[None]))
        is_rare = self._index % (_RARELY * self.every) == 0
        if truth is not None and judges.dists is not None and "dists" in wanted and is_rare:
            self._note("dists", judges.dists(picture, truth.picture))
        if judges.pristine is not None and "niqe" in wanted:
            self._note("niqe", niqe(luma, judges.pristine))
        if judges.features is not None and wanted.intersection(OF_SETS):
            self.features.append(judges.features(picture))

    def _note(self, name: str, value: float) -> None:
        self._means.setdefault(name, []).append(value)


def _mean(values: list[float]) -> float:
    """Mean of the finite values; NaN where there are none."""
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan
