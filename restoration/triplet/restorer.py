"""The compact nets over a shot's frames: what is left after filling, taken out as far as the bars say."""

from typing import Literal

import torch
from torch.nn import functional

from reelfix.restoration.arrays import as_array
from reelfix.restoration.denoise import denoise
from reelfix.restoration.motion import Motion
from reelfix.restoration.precision import has_bfloat16
from reelfix.restoration.triplet.compact import CELL, MULTIPLE, CompactNets, View, padded_view
from reelfix.restoration.triplet.context import NEIGHBOUR_STEPS, neighbours_along
from reelfix.restoration.triplet.levels import levels_of, stretched
from reelfix.restoration.triplet.restorer_bars import Bars
from reelfix.restoration.triplet.restorer_context import neighbours_on_device
from reelfix.restoration.triplet.restorer_folded import FoldedNets
from reelfix.restoration.triplet.restorer_frames import Restored, about_marks, lumas_of, too_large
from reelfix.restoration.triplet.restorer_light import in_light_of
from reelfix.restoration.triplet.tiling import tile_for, tiled

Precision = Literal["auto", "bfloat16", "float32"]

NEIGHBOUR_REACH = 5
"""Frames on either side that a frame's denoising sees, filled; the nets see the nearer ones of them."""

MEMORY_BYTES = 4 * 2**30
"""What the nets may take for one frame; frames for which that is too little go through in tiles."""

_OVERLAP = 256  # pixels that two tiles share
_BYTES_PER_PIXEL = 140  # held at the worst moment whatever the numbers, measured and rounded up
_NUMBERS_PER_PIXEL = 60  # and besides, of the type computed in


class CompactRestorer:
    """The compact nets at given bars, on a device.

    Frames go through one at a time, so that their bytes do not depend on the windows they come in. The nets
    see luma (Rec. 601), and what they change of it is added to every channel: colour is kept.
    """

    def __init__(
        self,
        nets: CompactNets,
        bars: Bars,
        device: torch.device,
        dtype: torch.dtype,
        *,
        strength: float = 1.0,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Copy `nets` to the device in `dtype`; `strength` in [0, 1] scales all bars.

        With all bars 0 the frames come back with their own bits; with `scratches` alone, all that lies more
        than four pixels from what is marked. Raises ValueError for a strength out of
        range, or a dtype that the nets do not compute in.
        """
        strengths = bars.times(strength)
        self._is_identity = not any(strengths)
        self._unfades = bars.contrast * strength > 0
        self._mends_marks_alone = not any((bars.denoise, bars.sharpness, bars.contrast))
        self._nets = FoldedNets(nets, strengths, device, dtype)
        self._device = device
        bytes_per_pixel = _BYTES_PER_PIXEL + _NUMBERS_PER_PIXEL * dtype.itemsize
        self._pixels = memory_bytes // bytes_per_pixel
        self._tile = tile_for(memory_bytes, bytes_per_pixel, multiple=MULTIPLE, overlap=_OVERLAP)

    @torch.inference_mode()
    def restore(
        self,
        filled: torch.Tensor,
        mask: torch.Tensor,
        motion: Motion,
        core: slice,
        *,
        keep_latents: bool = False,
    ) -> Restored:
        """Return the frames `core` of a window, restored.

        `filled`: float32 (T, C, H, W) in [0, 1], C = 1 or 3, as `restore_damage` left them; `mask`: uint8 (T,
        2, H, W), the probability of damage times 255; `motion` of the same frames. The window reaches
        NEIGHBOUR_REACH frames beyond the core on either side where the shot does.

        Raises torch.OutOfMemoryError, saying what to do, where not even small tiles fit into a GPU.
        """
        wanted = range(*core.indices(len(filled)))
        if self._is_identity and not keep_latents:
            return Restored(filled[core], None)
        lumas = lumas_of(filled.to(self._device))
        denoised = None
        if not self._mends_marks_alone:  # all of them, beside each other
            denoised = denoise(lumas[:, None], motion, core, radius=NEIGHBOUR_REACH)[:, 0]
        frames, latents = [], []
        for t in wanted:
            place = about_marks(mask[t].to(self._device)) if self._mends_marks_alone else None
            if place is not None and not place.any() and not keep_latents:
                frames.append(filled[t])
                continue
            quiet = _denoised(lumas, motion, t) if denoised is None else denoised[t - wanted.start]
            view = self._view(lumas, mask[t], motion, t, quiet)
            change, latent = self._change(view, lumas.shape[1:], keep_latents)
            if place is not None:
                change = change * place
            frames.append((filled[t] + change.to(filled.device)).clamp_(0, 1))
            if latent is not None:
                latents.append(latent.to(filled.device))
        if self._is_identity:
            return Restored(filled[core], torch.stack(latents))
        return Restored(torch.stack(frames), torch.stack(latents) if keep_latents else None)

    def _change(
        self, view: View, size: torch.Size, keep_latents: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What is to be added to a frame of `size`, (H, W), and its latents."""
        height, width = size
        view = padded_view(view)
        grown_height, grown_width = view.frame.shape[2:]
        # Cells' trust as pixels', so that all is of one size for the tiles.
        trust = functional.interpolate(view.trust, scale_factor=CELL, mode="nearest")
        is_small = grown_height * grown_width <= self._pixels
        tile = max(self._tile, grown_height, grown_width) if is_small else self._tile
        tile += -tile % MULTIPLE

        def net(
            frame: torch.Tensor,
            marks: torch.Tensor,
            neighbours: torch.Tensor,
            trusts: torch.Tensor,
            denoised: torch.Tensor,
            stretched: torch.Tensor | None = None,
        ) -> torch.Tensor:
            part = View(frame, marks, neighbours, trusts[..., ::CELL, ::CELL], denoised, stretched)
            return self._run(part, keep_latents)

        try:
            planes = [view.frame, view.mask, view.neighbours, trust, view.denoised]
            planes += [] if view.stretched is None else [view.stretched]
            out = tiled(net, planes, tile, _OVERLAP, multiple=MULTIPLE)
        except torch.OutOfMemoryError as error:
            raise too_large(height, width, self._device) from error
        change = out[0, 0, :height, :width]
        if not keep_latents:
            return change, None
        return change, functional.pixel_unshuffle(out[0, 1:], CELL).to(torch.float16)

    def _run(self, view: View, keep_latents: bool) -> torch.Tensor:
        """The change of luma (1, 1, H, W), and below it, where wanted, the latents laid out in pixels."""
        seen = self._nets.seen(view.frame, view.mask, view.neighbours, view.trust, view.denoised)
        tones = None if view.stretched is None else view.stretched - view.frame
        before, move = self._nets.latents(seen, view.mask, tones)
        change = self._nets.change(before, move)[None, None]
        if not keep_latents:
            return change
        latents = before.float() + move.float()
        return torch.cat([change, functional.pixel_shuffle(latents, CELL)], dim=1)

    def _view(
        self, lumas: torch.Tensor, mask: torch.Tensor, motion: Motion, t: int, denoised: torch.Tensor
    ) -> View:
        reach = max(NEIGHBOUR_STEPS)
        first, last = max(t - reach, 0), t + reach + 1
        around, moving, here = lumas[first:last], motion[first:last], t - first
        if self._device.type == "cpu":
            neighbours, trust = neighbours_along(list(as_array(around)), moving, here)
        else:
            neighbours, trust = neighbours_on_device(around, moving, here)
        marks = mask.amax(dim=0).to(self._device).float().div_(255)
        frame = lumas[t][None, None]
        others = in_light_of(frame, neighbours[None])
        tones = stretched(frame, _levels(lumas, t)) if self._unfades else None
        return View(frame, marks[None, None], others, trust[None], denoised[None, None], tones)


def _denoised(lumas: torch.Tensor, motion: Motion, t: int) -> torch.Tensor:
    """Frame t of lumas (T, H, W) as the denoiser without a net leaves it, (H, W)."""
    start = max(t - NEIGHBOUR_REACH, 0)
    window, here = slice(start, t + NEIGHBOUR_REACH + 1), slice(t - start, t - start + 1)
    return denoise(lumas[window, None], motion[window], here, radius=NEIGHBOUR_REACH)[0, 0]


def _levels(lumas: torch.Tensor, t: int) -> torch.Tensor:
    """Levels (2,) about frame t, the mean over its neighbours too: what is stretched must not flicker."""
    return levels_of(lumas[max(t - NEIGHBOUR_REACH, 0) : t + NEIGHBOUR_REACH + 1]).mean(dim=0)


def dtype_for(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the type to compute in: `auto` is bfloat16 where the device has instructions for it.

    So `auto` may give other bytes on other machines, by a fraction of a code value of 8 bits.
    """
    if precision != "auto":
        return torch.bfloat16 if precision == "bfloat16" else torch.float32
    return torch.bfloat16 if has_bfloat16(device) else torch.float32
