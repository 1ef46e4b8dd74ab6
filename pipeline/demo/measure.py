"""What the demo's restoration came to, measured against the truth it knows."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from reelfix.io.clip_file import read_clip
from reelfix.io.storage import Location
from reelfix.pipeline.demo.film import DemoFilm
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.reel import Reel
from reelfix.restoration.metrics import (
    FlickerEnergy,
    MaskScore,
    flicker_energy,
    mask_score,
    psnr,
)

MASK_THRESHOLD = 128
"""A mask's pixel counts as marked from this probability (times 255) on."""
TOLERANCE = 1
"""Pixels that a mask may lie beside the damage."""


@dataclass(frozen=True)
class BeforeAfter:
    """A figure of the damaged input and of the restored master."""

    before: float
    after: float

    @property
    def gain(self) -> float:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True)
class DemoMeasures:
    """The figures; PSNR in dB against the clean film, peak 1.0."""

    psnr: BeforeAfter
    """Of all pixels."""
    psnr_damage: BeforeAfter
    """Of the pixels under dirt and scratches."""
    psnr_elsewhere: BeforeAfter
    """Of all others: what flicker and grain did, and what the restoration did to good picture."""
    flicker: BeforeAfter
    """Of the whole picture, `metrics.flicker_energy`, shot by shot."""
    flicker_local: BeforeAfter
    """Of blocks of the picture."""
    flicker_truth: FlickerEnergy
    """Of the clean film, whose things move."""
    dirt: MaskScore
    """The mask's first plane against the dirt and hairs that can be seen."""
    scratch: MaskScore
    """The mask's second plane against the scratches that can be seen."""
    damage: MaskScore
    """Either plane against either kind: a scratch taken for dirt is mended all the same."""


def measure_demo(film: DemoFilm, reel: Reel, master: Location) -> DemoMeasures:
    """Measure a master of the demo's reel, decoded from its file, and the reel's masks."""
    truth, shots = film.truth, film.format.shots
    before, after = read_luma(film.source), read_luma(master)
    kinds = film.damage.mask > 0  # T x 2 x H x W
    damaged = kinds.any(dim=1, keepdim=True)
    mask = read_mask(reel, film)

    def both(measure: Callable[[torch.Tensor], float]) -> BeforeAfter:
        return BeforeAfter(measure(before), measure(after))

    flicker = {
        name: _flicker(clip, shots) for name, clip in (("truth", truth), ("before", before), ("after", after))
    }
    return DemoMeasures(
        psnr=both(lambda clip: psnr(clip, truth)),
        psnr_damage=both(lambda clip: psnr(clip, truth, damaged)),
        psnr_elsewhere=both(lambda clip: psnr(clip, truth, ~damaged)),
        flicker=BeforeAfter(flicker["before"].overall, flicker["after"].overall),
        flicker_local=BeforeAfter(flicker["before"].local, flicker["after"].local),
        flicker_truth=flicker["truth"],
        dirt=mask_score(mask[:, 0], kinds[:, 0], TOLERANCE),
        scratch=mask_score(mask[:, 1], kinds[:, 1], TOLERANCE),
        damage=mask_score(mask.any(dim=1), damaged[:, 0], TOLERANCE),
    )


def read_luma(location: Location) -> torch.Tensor:
    """Decode a gray file: float32 (T, 1, H, W) in [0, 1]."""
    planes, pixel_format = read_clip(location)
    (gray,) = planes.values()
    return torch.from_numpy((gray[:, None] / pixel_format.peak).astype("float32"))


def read_mask(reel: Reel, film: DemoFilm) -> torch.Tensor:
    """Read what the reel's stages marked: bool (T, 2, H, W)."""
    marked = torch.zeros(film.damage.mask.shape, dtype=torch.bool)
    for shot in reel.shots():
        found = outcome_of(reel, shot).mask(shot.start, shot.stop)
        if found is not None:
            marked[shot.start : shot.stop] = torch.from_numpy(found >= MASK_THRESHOLD)
    return marked


def _flicker(clip: torch.Tensor, shots: tuple[slice, ...]) -> FlickerEnergy:
    """Flicker energy of a film: over its shots, in the mean square, so that no cut counts as flicker."""
    energies = [(shot.stop - shot.start, flicker_energy(clip[shot])) for shot in shots]
    total = sum(count for count, _ in energies)

    def pooled(part: Callable[[FlickerEnergy], float]) -> float:
        return math.sqrt(sum(count * part(energy) ** 2 for count, energy in energies) / total)

    return FlickerEnergy(pooled(lambda energy: energy.overall), pooled(lambda energy: energy.local))
