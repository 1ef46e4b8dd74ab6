"""The figures of one method's picture on one damaged clip."""

from dataclasses import dataclass

import torch

from reelfix.pipeline.evaluation.cases import Trial
from reelfix.restoration.metrics import flicker_left, psnr
from reelfix.restoration.metrics.perceptual import Lpips
from reelfix.restoration.metrics.similarity import ssim
from reelfix.restoration.metrics.warping import CleanMotion, warping_error

EVERY = 6
"""SSIM and LPIPS are of every so-manieth frame: they are slow, and vary little."""


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
