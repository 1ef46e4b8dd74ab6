"""Old photographs, made: sound stills that everything befell which befalls old prints, with the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from zlib import crc32

import numpy as np
import torch

from reelfix.pipeline.errors import UsageError
from reelfix.restoration.damage import (
    Abrasions,
    Blotches,
    Corners,
    DamageSettings,
    Dirt,
    Fading,
    Grain,
    Hairs,
    Holes,
    LowResolution,
    Mould,
    Scratches,
    Shapes,
    Stains,
    Uneven,
    Vignette,
    damage_clip,
    structured_only,
    unstructured_only,
)

StillCase = Literal["old photo", "structured", "unstructured"]
"""All of it; marks alone (holes, scratches, stains); or what lies over the whole picture alone."""

_CASES: Mapping[StillCase, str] = MappingProxyType(
    {
        "old photo": "marks on a faded, soft and grainy print",
        "structured": "the same marks alone",
        "unstructured": "the same fading, softness and grain alone",
    }
)
STILL_CASES: tuple[StillCase, ...] = tuple(_CASES)
_FILM_HEIGHT_MM = 24.0
"""Marks on a print are larger than on film: true shapes are scaled as if the print were so high."""


@dataclass(frozen=True)
class StillTrial:
    """One damaged still, and what a perfect restoration of it would be."""

    name: str
    case: StillCase
    seed: int
    input: torch.Tensor
    """float32 (C, H, W) in [0, 1], at the 256 code values of an 8 bit scan."""
    truth: torch.Tensor
    """float32 (C, H, W) in [0, 1]: the still itself."""
    mask: torch.Tensor
    """float32 (1, H, W): 1 where a mark changed the picture visibly, else 0."""
    kinds: Mapping[str, torch.Tensor]
    """The same as bool (H, W), of every kind of mark there is."""


def choose_still_cases(text: str | None) -> tuple[StillCase, ...]:
    """Read names of cases, separated by commas, or `all`; by default `old photo`. Raises UsageError."""
    if text is None:
        return STILL_CASES[:1]
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in (*STILL_CASES, "all"):
            raise UsageError(f"there is no case {name!r}. There are: all, {', '.join(STILL_CASES)}.")
    return tuple(case for case in STILL_CASES if case in names or "all" in names)


def old_photo(random: np.random.Generator) -> DamageSettings:
    """Draw what befell one print: every picture has faded otherwise, is as soft and as worn as it is."""
    black, white = random.uniform(0.05, 0.4), random.uniform(0.55, 0.98)
    return DamageSettings(
        flicker=None,
        grain=Grain(strength=float(random.uniform(0.02, 0.07)), size=float(random.uniform(0.4, 0.9))),
        dirt=Dirt(per_frame=float(random.uniform(10, 60)), radius=0.007, bright=0.6, flakes=0.4),
        hairs=Hairs(per_frame=float(random.uniform(0, 3)), bright=0.5),
        scratches=Scratches(
            per_100_frames=float(random.uniform(50, 400)), frames=(1, 4), width=(1.0, 4.0), opacity=(0.4, 1.0)
        ),
        blur=float(random.uniform(0.4, 1.8)),
        blotches=Blotches(per_frame=float(random.uniform(0, 3)), size=(0.04, 0.25)),
        abrasions=Abrasions(per_frame=float(random.uniform(0, 3)), opacity=(0.5, 1.0)),
        film_height_mm=_FILM_HEIGHT_MM,
        stains=Stains(per_100_frames=float(random.uniform(0, 150)), veil=(0.1, 0.4)),
        mould=Mould(per_100_frames=float(random.uniform(0, 50))),
        holes=Holes(per_100_frames=float(random.uniform(0, 60)), size=(0.03, 0.2), black=0.3),
        corners=Corners(per_100_frames=float(random.uniform(0, 60)), black=0.3),
        vignette=Vignette(fall=float(random.uniform(0.0, 0.3))),
        uneven=Uneven(gain=float(random.uniform(0.0, 0.12))),
        fading=Fading(float(black), float(white), float(np.exp(random.normal(0.0, 0.45)))),
        low_resolution=LowResolution(float(random.uniform(1.2, 2.5))) if random.random() < 0.5 else None,
    )


def damage_still(
    name: str, still: torch.Tensor, case: StillCase, seed: int, shapes: Shapes | None
) -> StillTrial:
    """Damage a still, float32 (C, H, W) in [0, 1]; the same name and seed give the same damage.

    The three cases have the same marks and the same fading.
    """
    random = np.random.default_rng([seed, crc32(name.encode())])
    settings = old_photo(random)
    if case == "structured":
        settings = structured_only(settings)
    elif case == "unstructured":
        settings = unstructured_only(settings)
    made = damage_clip(still[None], settings, random, shapes)
    kinds: dict[str, torch.Tensor] = {kind: marked[0] for kind, marked in made.kinds.items()}
    mask = (made.mask[0].amax(dim=0, keepdim=True) > 0).float()
    scanned = (made.frames[0].clamp(0, 1) * 255).round() / 255
    return StillTrial(name, case, seed, scanned, still, mask, kinds)
