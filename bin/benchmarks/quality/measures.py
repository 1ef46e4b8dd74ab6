"""The figures of one method on one damaged clip."""

from dataclasses import dataclass, field

import torch

from reelfix.bin.benchmarks.quality.cases import Trial
from reelfix.restoration.metrics import MaskScore, flicker_left, mask_score, psnr
from reelfix.restoration.metrics.perceptual import Lpips
from reelfix.restoration.metrics.similarity import ssim
from reelfix.restoration.metrics.warping import CleanMotion, warping_error

TOLERANCE = 1
"""Pixels that a mask may lie beside the damage."""
EVERY = 6
"""SSIM and LPIPS are of every so-manieth frame: they are slow, and vary little."""
MARKED = 128


@dataclass(frozen=True)
class Figures:
    """How near one restored clip is to the truth."""

    psnr: float
    """dB, of all pixels; peak 1.0."""
    inside: float
    """dB, of the pixels under visible marks; NaN where there are none."""
    outside: float
    ssim: float
    lpips: float
    """NaN where LPIPS was not measured."""
    warping: float
    """Mean squared difference along the motion, times 10 000; the truth's own is taken off."""
    flicker: float
    """Flicker left of the whole picture, in per cent."""
    flicker_local: float
    """Of its parts."""


@dataclass(frozen=True)
class MaskFigures:
    """How well the chain's mask finds the marks, in pixels."""

    either: MaskScore
    """Either plane against every kind."""
    dirt: MaskScore
    """The plane of marks on one frame against those kinds, where the other plane is marked rightly."""
    scratch: MaskScore
    """The plane of marks that stay against those kinds."""
    kinds: dict[str, MaskScore] = field(default_factory=dict)
    """Either plane against each kind: only the recall means anything."""


def measure(restored: torch.Tensor, trial: Trial, motion: CleanMotion, lpips: Lpips | None) -> Figures:
    """Measure a restored clip, float32 (T, 1, H, W) in [0, 1], against a trial's truth."""
    truth, damaged = trial.truth, trial.damaged
    flicker = flicker_left(restored, truth)
    return Figures(
        psnr=psnr(restored, truth),
        inside=psnr(restored, truth, damaged),
        outside=psnr(restored, truth, ~damaged),
        ssim=ssim(restored, truth, every=EVERY),
        lpips=lpips(restored, truth, every=EVERY) if lpips else float("nan"),
        warping=1e4 * (warping_error(restored, motion) - warping_error(truth, motion)),
        flicker=100 * flicker.overall,
        flicker_local=100 * flicker.local,
    )


def measure_mask(mask: torch.Tensor, trial: Trial) -> MaskFigures:
    """Measure a mask, uint8 (T, 2, H, W), against a trial's visible marks."""
    marked, truth = mask >= MARKED, trial.damage.mask > 0
    either = marked.any(dim=1)
    return MaskFigures(
        either=mask_score(either, truth.any(dim=1), TOLERANCE),
        dirt=mask_score(marked[:, 0], truth[:, 0], TOLERANCE),
        scratch=mask_score(marked[:, 1], truth[:, 1], TOLERANCE),
        kinds={kind: mask_score(either, of_kind, TOLERANCE) for kind, of_kind in trial.damage.kinds.items()},
    )
