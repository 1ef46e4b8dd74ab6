"""Grain given back: what restoration took of a film's own grain, and its like where the film's own is lost.

What a frame lost is grain and all else that was mended. Grain is known by its spectrum and its deviation at
each tone (`GrainProfile`): of every block's spectrum so much is kept as Wiener's filter takes for grain, and
the rest is replaced by noise of the same spectrum, as is all inside of damage. Noise and the film's own grain
are thus alike to a block, and no border shows. Made grain is a Gaussian texture: Galerne, Gousseau, Morel,
"Random phase textures: theory and synthesis" (2011), section III, scaled by the tone.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array, luma_of
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.grain_blocks import SIDE, OverlappingBlocks, around
from reelfix.restoration.grain_measure import KEYS, colours, opponents
from reelfix.restoration.grain_noise import GrainTile
from reelfix.restoration.grain_profile import GrainProfile

DAMAGED = 128
"""Least probability, in 1/255, at which a pixel counts as damaged."""

_NOTHING = np.float32(0.25 / 255)  # deviation below which no grain was taken
_FAINTEST = np.float32(0.2)  # of the mean deviation: a tone's is taken to be no less
_LEAST_POWER = 1e-3  # of the greatest of a spectrum
_LEAST_SHARE = 0.25  # of the power of what was taken, that made grain has at least
_CHANCE = np.float32(0.25)  # times its power, by which grain's spectrum exceeds its own by chance
_HALVED = np.float32(0.4)  # times its power: what stands out so far beyond that is grain by half
_REGAINED = np.float32(1.12)  # times: what grain itself loses where it stands out by chance
_POINT, _SPOT = 6.0, 5.0  # deviations beyond which a pixel, or a mean of 3 x 3, is no grain
_SOFT = 1.5  # pixels, over which damage's edge is blended


@dataclass(frozen=True)
class _Frame:
    number: int
    """Counted from the shot's first."""
    clean: Image
    grainy: Image
    damaged: Plane | None


class GrainGiver:
    """Gives frames of one shot their grain back."""

    def __init__(self, profile: GrainProfile, amount: float) -> None:
        """Take `amount`, in [0, 1], of the grain that was lost: at 1, the film has all of its own."""
        if not 0.0 <= amount <= 1.0:
            raise ValueError(f"{amount = } must be in [0, 1]: 0 gives nothing back.")
        removed = profile.removed
        self._amount = np.float32(amount)
        self._is_idle = amount == 0 or bool(np.sqrt(removed.mean).max() < _NOTHING)
        if self._is_idle:
            return
        self._levels = removed.levels()
        self._faintest = _FAINTEST * np.sqrt(removed.mean)
        most = removed.of_keys.max(axis=(-2, -1), keepdims=True)
        self._power = np.maximum(removed.of_keys, _LEAST_POWER * most)
        self._tile = GrainTile(_power_to_make(profile, amount))
        spots = (self._power[:, 0] * _three_by_three()).mean(axis=(-2, -1))
        self._spot = np.float32(_SPOT * np.sqrt(spots.max()))

    def give(
        self, frames: torch.Tensor, grainy: torch.Tensor, mask: torch.Tensor | None, start: int
    ) -> torch.Tensor:
        """Return `frames` with grain, float32 (T, C, H, W) in [0, 1].

        `grainy`: the same before grain was taken; `mask` uint8 (T, 2, H, W), see `detect`, or None where no
        damage was looked for; `start`: the first frame's number in the shot, which made grain depends on.
        """
        if self._is_idle:
            return frames.clone()
        images, originals = as_array(frames), as_array(grainy)
        damaged: Plane | None = None if mask is None else np.max(as_array(mask), axis=1) >= DAMAGED
        blocks = OverlappingBlocks(*images.shape[2:])

        def one(t: int) -> Image:
            hidden = None if damaged is None else damaged[t]
            return self._given(_Frame(start + t, images[t], originals[t], hidden), blocks)

        return torch.from_numpy(np.stack(map_frames(one, range(len(images))))).to(frames.device)

    def _given(self, frame: _Frame, blocks: OverlappingBlocks) -> Image:
        lost = frame.grainy - frame.clean
        if not lost.any():
            return frame.clean
        deviation = self._deviation(frame.clean)
        scaled = opponents(lost / deviation)
        hidden = self._hidden(scaled, frame.damaged)
        soft = np.maximum(hidden, cv2.GaussianBlur(hidden, (0, 0), _SOFT))
        height, width = hidden.shape
        shares = _shares_of_keys(frame.clean)
        made, instead = (
            np.einsum("khw,kchw->chw", shares, self._tile.piece(height, width, frame.number, layer))
            for layer in (0, 1)
        )
        of_blocks = shares[:, blocks.middles[0]][:, :, blocks.middles[1]]
        grain = np.empty_like(scaled)
        for index, plane in enumerate(scaled):
            power = np.einsum("krc,kfg->rcfg", of_blocks, self._power[:, index])
            own = self._separated(plane * (1 - hidden), instead[index], power, blocks)
            grain[index] = (1 - soft) * own + np.sqrt(soft * (2 - soft)) * made[index]
        return np.asarray(np.clip(frame.clean + colours(grain) * deviation, 0, 1))

    def _deviation(self, clean: Image) -> Image:
        """Deviation (C, H, W) of what was taken, at each pixel's tone."""
        planes = zip(self._levels, clean, self._faintest, strict=True)
        return np.stack([np.maximum(level.at(plane), least) for level, plane, least in planes])

    def _hidden(self, scaled: Image, damaged: Plane | None) -> Plane:
        """Where (H, W) nothing of what was lost is believed to be grain: 1, else 0."""
        shared = scaled[0]
        hidden = (np.abs(shared) > _POINT) | (np.abs(cv2.blur(shared, (3, 3))) > self._spot)
        if damaged is not None:
            hidden |= damaged
        spread = cv2.dilate(hidden.astype(np.float32), np.ones((3, 3), np.uint8), iterations=2)
        return np.asarray(spread)

    def _separated(self, plane: Plane, instead: Plane, power: Plane, blocks: OverlappingBlocks) -> Plane:
        """What of `plane` (H, W) is grain, times the amount; in place of what is not, noise."""
        own = blocks.taken(plane)
        excess = around((np.square(own.real) + np.square(own.imag)) / power) - (1 + _CHANCE)
        kept = 1 / (1 + np.square(np.maximum(excess, 0) / _HALVED))
        own *= self._amount * _REGAINED * np.sqrt(kept)
        own += blocks.taken(instead) * np.sqrt(1 - kept)
        return blocks.laid(own)


def _shares_of_keys(clean: Image) -> Plane:
    """How far each pixel of a frame (C, H, W) is of the darks, the middle and the lights: (KEYS, H, W)."""
    tone = cv2.blur(luma_of(clean), (SIDE, SIDE)) * KEYS - 0.5
    return np.stack([np.clip(1 - np.abs(np.clip(tone, 0, KEYS - 1) - key), 0, 1) for key in range(KEYS)])


def _power_to_make(profile: GrainProfile, amount: float) -> Plane:
    """Spectra of the grain to be made, in units of what was taken: (KEYS, C, SIDE, SIDE / 2 + 1).

    To `kept` grain was added `amount` of what was `removed`, with which it has something in common; where
    grain is made it has nothing in common with it, and must have the energy of both.
    """
    removed = profile.removed
    unit = np.maximum(removed.key_means, np.square(_NOTHING))
    source, kept = (
        state.of_keys * (state.key_means / unit)[:, None, None, None]
        for state in (profile.source, profile.kept)
    )
    in_common = source - kept - removed.of_keys
    power = np.float32(amount) * in_common + np.float32(amount**2) * removed.of_keys
    least = np.float32(_LEAST_SHARE * amount**2) * removed.of_keys
    return np.asarray(np.maximum(power, least), dtype=np.float32)


def _three_by_three() -> Plane:
    """What a mean over 3 x 3 pixels leaves of each power, over the half plane of frequencies."""
    kernel = np.zeros((SIDE, SIDE))
    kernel[:3, :3] = 1 / 9
    return np.asarray(np.square(np.abs(np.fft.rfft2(kernel))), dtype=np.float32)
