"""What befalls the clips: the damage of an era, or of one kind alone; and what the truth then is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from zlib import crc32

import numpy as np
import torch

from reelfix.pipeline.evaluation.clips import CleanClip
from reelfix.restoration.damage import (
    ERAS,
    NOTHING,
    Abrasions,
    Blotches,
    DamagedClip,
    DamageSettings,
    Dirt,
    Flicker,
    GateHairs,
    Grain,
    Hairs,
    LocalFlicker,
    Scratches,
    Shapes,
    damage_clip,
    evenly_exposed,
)

_PLAIN = replace(
    NOTHING,
    flicker=Flicker(gain=0.03, gamma=0.015),
    grain=Grain(strength=0.012),
    film_height_mm=7.5,
)
"""A steady, fine-grained 16 mm print: one kind of damage is put on it at a time."""

CASES: Mapping[str, DamageSettings] = MappingProxyType(
    {
        # The weave is measured by itself: a picture set upright again lies elsewhere than the clean one.
        **{name: replace(settings, weave=None) for name, settings in ERAS.items()},
        "dirt alone": replace(_PLAIN, dirt=Dirt(per_frame=15.0)),
        "hair alone": replace(_PLAIN, hairs=Hairs(per_frame=2.0)),
        "blotch alone": replace(_PLAIN, blotches=Blotches(per_frame=1.0)),
        "abrasion alone": replace(_PLAIN, abrasions=Abrasions(per_frame=0.7)),
        "gate hair alone": replace(_PLAIN, gate_hairs=GateHairs(per_100_frames=10.0)),
        "scratch alone": replace(_PLAIN, scratches=Scratches(per_100_frames=16.0, tramlines=0.25)),
        "flicker alone": replace(
            NOTHING,
            flicker=Flicker(gain=0.12, gamma=0.06),
            local_flicker=LocalFlicker(gain=0.06),
            grain=Grain(strength=0.012),
        ),
        "grain alone": replace(NOTHING, grain=Grain(strength=0.028, size=0.7)),
    }
)
ERA_NAMES = tuple(ERAS)
KIND_NAMES = tuple(name for name in CASES if name not in ERAS)


@dataclass(frozen=True)
class Trial:
    """One damaged clip, and what a perfect restoration of it would be."""

    case: str
    clip: str
    seed: int
    rate: float
    input: torch.Tensor
    """float32 (T, 1, H, W) in [0, 1], at the 256 code values of an 8 bit scan."""
    truth: torch.Tensor
    """float32 (T, 1, H, W): the clean clip at the damaged one's mean exposure."""
    damage: DamagedClip
    lit_evenly: torch.Tensor
    """The input as it would be had nothing flickered, the marks and the grain the same."""

    @property
    def damaged(self) -> torch.Tensor:
        """Bool (T, 1, H, W): where some mark can be seen."""
        return self.damage.mask.amax(dim=1, keepdim=True) > 0


def make_trial(case: str, clip: CleanClip, seed: int, shapes: Shapes | None) -> Trial:
    """Damage a clip; the same names and seed give the same damage, each clip and case another."""
    settings = CASES[case]
    number = [seed, crc32(case.encode()), crc32(clip.name.encode())]
    damage = damage_clip(clip.frames, settings, np.random.default_rng(number), shapes)
    truth = evenly_exposed(clip.frames, damage)
    steady = replace(settings, flicker=None, local_flicker=None)
    lit_evenly = damage_clip(truth, steady, np.random.default_rng(number), shapes).frames
    return Trial(
        case, clip.name, seed, clip.rate, _scanned(damage.frames), truth, damage, _scanned(lit_evenly)
    )


def _scanned(frames: torch.Tensor) -> torch.Tensor:
    return (frames * 255).round_() / 255
