"""Damage to a clip: a clean one goes in, the damaged one comes out, with the truth of what was done."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import as_array
from reelfix.restoration.damage.abrasions import Abrasions, abrasion_marks
from reelfix.restoration.damage.blotches import Blotches, blotch_marks
from reelfix.restoration.damage.dirt import Dirt, dirt_marks
from reelfix.restoration.damage.grain import Grain, add_grain, blurred
from reelfix.restoration.damage.hairs import GateHairs, Hairs, gate_hair_marks, hair_marks
from reelfix.restoration.damage.marks import Kind, Mark, lay
from reelfix.restoration.damage.scratches import Scratches, scratch_marks
from reelfix.restoration.damage.shapes import Shapes
from reelfix.restoration.damage.surface import Surface
from reelfix.restoration.damage.tone import Flicker, LocalFlicker, flicker_curves, gain_field, local_knots
from reelfix.restoration.damage.weave import Weave, weave_curves, woven


@dataclass(frozen=True)
class DamageSettings:
    """What befalls a clip, kind by kind; None leaves a kind out."""

    flicker: Flicker | None = field(default_factory=Flicker)
    grain: Grain | None = field(default_factory=Grain)
    dirt: Dirt | None = field(default_factory=Dirt)
    hairs: Hairs | None = field(default_factory=Hairs)
    scratches: Scratches | None = field(default_factory=Scratches)
    blur: float = 0.0
    """Standard deviation of a Gaussian blur, in pixels."""
    local_flicker: LocalFlicker | None = None
    weave: Weave | None = None
    blotches: Blotches | None = None
    gate_hairs: GateHairs | None = None
    abrasions: Abrasions | None = None
    film_height_mm: float = 16.0
    """Height of the picture on the film, which gives true shapes their size: 18 in silent and 16 in sound
    35 mm film, 7.5 in 16 mm, 3.5 in 8 mm."""


NOTHING = DamageSettings(None, None, None, None, None)
"""No damage at all; `dataclasses.replace` puts single kinds in."""


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


def damage_clip(
    clip: torch.Tensor,
    settings: DamageSettings,
    random: np.random.Generator,
    shapes: Shapes | None = None,
) -> DamagedClip:
    """Damage `clip`, float32 (T, C, H, W) in [0, 1]; the same seed, shape and shapes give the same damage.

    Marks have true `shapes`, else drawn ones. Every kind draws from a generator of its own, spawned off
    `random`: to change one kind, or to leave it out, leaves the others where they were.
    """
    frames = as_array(clip).astype(np.float32, copy=True)
    count, _, height, width = frames.shape
    (for_flicker, for_grain, for_dirt, for_hairs, for_scratches, *others) = random.spawn(10)
    for_field, for_weave, for_blotches, for_gate, for_abrasions = others
    shifts, degrees = _weave(frames, settings, for_weave)
    gains, gammas, knots = _expose(frames, settings, for_flicker, for_field)
    if settings.grain is not None:
        for index in range(count):
            frames[index] = add_grain(settings.grain, frames[index], for_grain)
    surface = Surface(count, height, width, settings.film_height_mm, shapes)
    layers: tuple[tuple[Callable[..., Iterable[Mark]], Any, np.random.Generator], ...] = (
        (gate_hair_marks, settings.gate_hairs, for_gate),
        (scratch_marks, settings.scratches, for_scratches),
        (blotch_marks, settings.blotches, for_blotches),
        (abrasion_marks, settings.abrasions, for_abrasions),
        (dirt_marks, settings.dirt, for_dirt),
        (hair_marks, settings.hairs, for_hairs),
    )
    marks = (draw(kind, surface, source) for draw, kind, source in layers if kind is not None)
    laid = lay(frames, chain.from_iterable(marks))
    return DamagedClip(
        torch.from_numpy(frames),
        torch.from_numpy(laid.mask),
        {kind: torch.from_numpy(marked) for kind, marked in laid.kinds.items()},
        torch.from_numpy(laid.strength),
        torch.from_numpy(gains),
        torch.from_numpy(gammas),
        torch.from_numpy(knots),
        torch.from_numpy(shifts),
        torch.from_numpy(degrees),
        settings,
    )


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


def _weave(
    frames: npt.NDArray[np.float32], settings: DamageSettings, random: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Blur and move the frames, in place; return the shifts (T, 2) and turns (T,)."""
    count = len(frames)
    if settings.blur > 0:
        for index in range(count):
            frames[index] = blurred(frames[index], settings.blur)
    if settings.weave is None:
        return np.zeros((count, 2), np.float32), np.zeros(count, np.float32)
    curves = weave_curves(settings.weave, count, frames.shape[2], random)
    for index in range(count):
        frames[index] = woven(frames[index], curves.shifts[index], float(curves.degrees[index]))
    return curves.shifts, curves.degrees


def _expose(
    frames: npt.NDArray[np.float32],
    settings: DamageSettings,
    for_flicker: np.random.Generator,
    for_field: np.random.Generator,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Give every frame its tones, in place; return gains (T,), gammas (T,) and knots (T, rows, columns)."""
    count, _, height, width = frames.shape
    gains, gammas = np.ones(count, np.float32), np.ones(count, np.float32)
    knots = np.zeros((count, 1, 1), np.float32)
    if settings.flicker is not None:
        gains, gammas = flicker_curves(settings.flicker, count, for_flicker)
        for frame, gain, gamma in zip(frames, gains, gammas, strict=True):
            frame[:] = gain * frame**gamma
    if settings.local_flicker is not None:
        knots = local_knots(settings.local_flicker, count, for_field)
        for frame, of_frame in zip(frames, knots, strict=True):
            frame *= gain_field(of_frame, height, width)
    np.clip(frames, 0.0, 1.0, out=frames)
    return gains, gammas, knots
