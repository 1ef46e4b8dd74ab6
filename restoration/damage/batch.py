"""Many clips damaged for training: crops go in, damaged crops and the truth come out, a function of seeds."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from reelfix.restoration.damage.clip import VERSIONS, DamagedClip, damage_clip
from reelfix.restoration.damage.mixture import random_settings
from reelfix.restoration.damage.operators import Operators
from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.shapes import Shapes
from reelfix.restoration.damage.surface import Whole


@dataclass(frozen=True)
class DamagedBatch:
    """Damaged clips, and the truth of what was done to them, on the device of the clean ones."""

    frames: torch.Tensor
    """float32 (N, T, C, H, W) in [0, 1]."""
    mask: torch.Tensor
    """uint8 (N, T, 2, H, W), see `DamagedClip.mask`."""
    versions: dict[str, torch.Tensor]
    """float32 (N, T, C, H, W) by name, those of VERSIONS that were asked for."""
    clips: tuple[DamagedClip, ...]
    """Each clip by itself: kinds, curves, parameters, settings."""

    def parameter(self, name: str, absent: float = 0.0) -> torch.Tensor:
        """Return one of the clips' `parameters` as (N, T); `absent` for clips that have it not."""
        like = self.frames.new_full(self.frames.shape[1:2], absent)
        return torch.stack([clip.parameters.get(name, like) for clip in self.clips])


def damage_batch(
    crops: torch.Tensor,
    seeds: Sequence[int],
    shapes: Shapes | None = None,
    *,
    settings: Callable[[np.random.Generator], DamageSettings] = random_settings,
    picture: tuple[int, int] | None = (480, 640),
    versions: Collection[str] = ("clean",),
    operators: Operators | None = None,
) -> DamagedBatch:
    """Damage crops, float32 (N, T, C, H, W) in [0, 1], one by each of N seeds.

    `settings` draws each crop's damage; it is that of a whole picture of (height, width) `picture`, of which
    the crop is a part from a place drawn; None where crops are whole pictures. What becomes of a crop depends
    on itself and its seed alone. Raises ValueError for another number of seeds than of crops, and for a
    crop larger than the picture.
    """
    if len(seeds) != len(crops):
        raise ValueError(f"{len(seeds)} seeds for {len(crops)} crops. Give one for each.")
    clips = [
        _damaged(crop, int(seed), shapes, settings, picture, versions, operators)
        for crop, seed in zip(crops, seeds, strict=True)
    ]
    return DamagedBatch(
        torch.stack([clip.frames for clip in clips]),
        torch.stack([clip.mask for clip in clips]),
        {name: torch.stack([clip.versions[name] for clip in clips]) for name in VERSIONS if name in versions},
        tuple(clips),
    )


def _damaged(
    crop: torch.Tensor,
    seed: int,
    shapes: Shapes | None,
    settings: Callable[[np.random.Generator], DamageSettings],
    picture: tuple[int, int] | None,
    versions: Collection[str],
    operators: Operators | None,
) -> DamagedClip:
    for_settings, for_place, for_damage = np.random.default_rng(seed).spawn(3)
    whole = None if picture is None else _place(crop.shape[-2], crop.shape[-1], picture, for_place)
    return damage_clip(
        crop,
        settings(for_settings),
        for_damage,
        shapes,
        part_of=whole,
        operators=operators,
        versions=versions,
    )


def _place(height: int, width: int, picture: tuple[int, int], random: np.random.Generator) -> Whole:
    """Put a crop anywhere on a picture."""
    if height > picture[0] or width > picture[1]:
        raise ValueError(f"Crops of {height} x {width} must lie within the {picture = }. Name a larger one.")
    top, left = (int(random.integers(room + 1)) for room in (picture[0] - height, picture[1] - width))
    return Whole(*picture, top=top, left=left)
