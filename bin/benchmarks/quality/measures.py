"""The figures of one method on one damaged clip."""

from dataclasses import dataclass, field, replace

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
PLAIN = 0.04
"""Change that a mark is asked to be found from, or twice the grain's deviation where that is more: what is
fainter drowns in the grain, and nobody would outline it. To mark it is no fault either."""


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
    """How well the chain's mask finds the marks, in pixels; PLAIN ones but for `faint`."""

    either: MaskScore
    """Either plane against every kind."""
    dirt: MaskScore
    """The plane of marks on one frame against those kinds."""
    scratch: MaskScore
    """The plane of marks that stay against those kinds."""
    faint: MaskScore
    """As `either`, with every mark that changes the picture by more than VISIBLE."""
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
    """Measure a mask, uint8 (T, 2, H, W), against a trial's marks."""
    marked, visible = mask >= MARKED, trial.damage.mask > 0
    grain = trial.damage.settings.grain
    least = max(PLAIN, 2 * grain.strength if grain else 0.0)
    plain = trial.damage.strength > 255 * least  # T x H x W
    either, any_kind = marked.any(dim=1), visible.any(dim=1)

    def score(found: torch.Tensor, truth: torch.Tensor) -> MaskScore:
        wanted, allowed = mask_score(found, truth & plain, TOLERANCE), mask_score(found, truth, TOLERANCE)
        return replace(allowed, damaged=wanted.damaged, damaged_found=wanted.damaged_found)

    return MaskFigures(
        either=score(either, any_kind),
        dirt=score(marked[:, 0], visible[:, 0]),
        scratch=score(marked[:, 1], visible[:, 1]),
        faint=mask_score(either, any_kind, TOLERANCE),
        kinds={kind: score(either, of_kind) for kind, of_kind in trial.damage.kinds.items()},
    )
