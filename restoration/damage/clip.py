"""Damage to a clip: a clean one goes in, the damaged one comes out, with the truth of what was done."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import as_array
from reelfix.restoration.damage.host_operators import HostOperators
from reelfix.restoration.damage.interlace import combed_marks
from reelfix.restoration.damage.layers import copied_and_fresh
from reelfix.restoration.damage.marks import Kind
from reelfix.restoration.damage.operators import MarkTruth, Operators, joined
from reelfix.restoration.damage.part import of_part
from reelfix.restoration.damage.picture import Picture, nothing_befell
from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.shapes import Shapes
from reelfix.restoration.damage.sources import spawn_sources
from reelfix.restoration.damage.steps import Role, taken
from reelfix.restoration.damage.surface import Surface, Whole
from reelfix.restoration.damage.tensor_operators import TensorOperators
from reelfix.restoration.damage.tone import gain_field
from reelfix.restoration.damage.transfer import Transfer
from reelfix.restoration.damage.weave import woven

VERSIONS: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        "unmarked": frozenset({"marks"}),
        "soft": frozenset({"marks", "grain", "signal"}),
        "toned": frozenset({"marks", "grain", "signal", "blur"}),
        "clean": frozenset({"marks", "grain", "signal", "blur", "tone"}),
    }
)
"""What a clip can be had without as well, all in the damaged clip's place: without marks; without grain;
without blur, so that it is the clean clip in the damaged one's tones; and without those tones."""


@dataclass(frozen=True)
class DamagedClip:
    """A damaged clip, and the truth of what was done to it."""

    frames: torch.Tensor
    """float32 (T, C, H, W) in [0, 1]."""
    mask: torch.Tensor
    """uint8 (T, 2, H, W), planes dirt (marks on one frame) and scratch (marks that stay for many, hairs in
    the gate too): 255 where a mark changed the picture by more than VISIBLE, else 0."""
    kinds: dict[Kind, torch.Tensor]
    """For every kind there is, the same as bool (T, H, W)."""
    strength: torch.Tensor
    """uint8 (T, H, W): the largest change that a mark made to the picture, times 255."""
    gains: torch.Tensor
    """float32 (T,): each frame's gain; 1 without flicker."""
    gammas: torch.Tensor
    """float32 (T,): each frame's gamma; 1 without flicker."""
    field: torch.Tensor
    """float32 (T, rows, columns): log of the local gain at the knots of `tone.gain_field`; 0 without."""
    shifts: torch.Tensor
    """float32 (T, 2): dx, dy of the weave in pixels, see `weave.WeaveCurves`; 0 without."""
    degrees: torch.Tensor
    """float32 (T,): turning by the weave; 0 without."""
    settings: DamageSettings
    light: torch.Tensor = dataclasses.field(default_factory=lambda: torch.ones(1, 1))
    """float32 (H, W): gains by vignetting and uneven light, the same on every frame; 1 without."""
    parameters: dict[str, torch.Tensor] = dataclasses.field(default_factory=dict)
    """float32 (T,) by name, "kind.parameter", of the kinds there are: "fading.black", "stock.strength"."""
    versions: dict[str, torch.Tensor] = dataclasses.field(default_factory=dict)
    """float32 (T, C, H, W) by name, those of VERSIONS that were asked for."""


def damage_clip(
    clip: torch.Tensor,
    settings: DamageSettings,
    random: np.random.Generator,
    shapes: Shapes | None = None,
    *,
    part_of: Whole | None = None,
    operators: Operators | None = None,
    versions: Collection[str] = (),
) -> DamagedClip:
    """Damage `clip`, float32 (T, C, H, W) in [0, 1]; the same seed, shape and shapes give the same damage.

    Marks have true `shapes`, else drawn ones. Every kind draws from a generator of its own, spawned off
    `random`: to change one kind, or to leave it out, leaves the others where they were. The settings speak
    of the whole picture, which the clip may be a `part_of`. `operators`: `HostOperators` for a clip on the
    CPU and `TensorOperators` for others, unless given; all that is returned is on the clip's device.
    `versions`: those of VERSIONS that are wanted as well. Raises ValueError for a version that is not there.
    """
    if unknown := sorted(set(versions) - set(VERSIONS)):
        raise ValueError(f"version {unknown[0]!r} must be one of {', '.join(VERSIONS)}.")
    count, _, height, width = clip.shape
    on_host = clip.device.type == "cpu"
    operators = operators or (HostOperators() if on_host else TensorOperators(device_noise=True))
    surface = Surface(count, height, width, settings.film_height_mm, shapes, part_of)
    drawn = of_part(settings, surface)
    surface = replace(surface, film_height_mm=drawn.film_height_mm)
    sources = spawn_sources(random)
    truth = nothing_befell(surface)
    picture = Picture(drawn, surface, operators, sources, truth)
    taking, copying = picture.taking(), list(picture.copying())
    transfer = Transfer(drawn, surface, operators, sources, truth)
    signal = list(transfer.steps())
    clean = clip.detach().to(torch.float32)
    copied, fresh = copied_and_fresh(drawn, surface, sources)
    frames, early = operators.lay(taken(clean, taking), copied)
    frames, late = operators.lay(taken(frames, copying), fresh)
    frames, laid = taken(frames, signal), joined(early, late)
    if transfer.pattern is not None:
        laid = _interlaced(laid, transfer.pattern)
    made = {name: taken(clean, [*taking, *copying, *signal], VERSIONS[name]) for name in versions}
    return DamagedClip(
        frames,
        laid.mask,
        laid.kinds,
        laid.strength,
        gains=_tensor(truth.gains, clip),
        gammas=_tensor(truth.gammas, clip),
        field=_tensor(truth.knots, clip),
        shifts=_tensor(truth.weave.shifts, clip),
        degrees=_tensor(truth.weave.degrees, clip),
        settings=settings,
        light=_tensor(truth.light, clip),
        parameters={name: _tensor(values, clip) for name, values in truth.parameters.items()},
        versions=made,
    )


def _interlaced(laid: MarkTruth, pattern: npt.NDArray[np.float32]) -> MarkTruth:
    """The marks as they are once odd lines come from the next frame."""
    return MarkTruth(
        combed_marks(pattern, laid.mask),
        {kind: combed_marks(pattern, marked[:, None])[:, 0] for kind, marked in laid.kinds.items()},
        combed_marks(pattern, laid.strength[:, None])[:, 0],
    )


def _tensor(values: npt.NDArray[np.float32], like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(like.device)


def steady_truth(clip: torch.Tensor, damaged: DamagedClip) -> torch.Tensor:
    """Return the clean `clip` as the weave moved it: what the damaged clip would be without its damage."""
    frames = as_array(clip)
    moved = [
        woven(frame, shift, float(degrees))
        for frame, shift, degrees in zip(frames, damaged.shifts.numpy(), damaged.degrees.numpy(), strict=True)
    ]
    return torch.from_numpy(np.stack(moved))


def evenly_exposed(clip: torch.Tensor, damaged: DamagedClip) -> torch.Tensor:
    """Return the clean `clip` at the damaged one's mean exposure, the same for every frame.

    What a perfect restoration would come to: nothing in the film tells how it would have looked at another.
    The means are taken of the logarithms of gains, gammas and local gains.
    """
    gain, gamma = (float(curve.log().mean().exp()) for curve in (damaged.gains, damaged.gammas))
    field = gain_field(damaged.field.mean(dim=0).numpy(), clip.shape[2], clip.shape[3])
    return (gain * clip**gamma * torch.from_numpy(field)).clamp_(0.0, 1.0)
