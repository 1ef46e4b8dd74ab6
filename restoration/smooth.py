"""Frames held still in time: what came before and what comes after, along the motion, fused by confidence.

Forward it is a recursive filter (per place a Kalman filter of one state, whose gain follows from how many
frames agree; as in Brailean et al., "Noise reduction filters for dynamic image sequences: a review", Proc.
IEEE 1995): one picture is carried on through the shot. Backward it looks a few frames ahead. A place counts
by how well it agrees with the frame, measured in latents and in light, so that it begins anew where
something was uncovered or moved otherwise.

What is carried is the picture, not its latents: a latent stands for 4 x 4 pixels, and moving it by a
fraction of that blurs (by a third of a decibel on damaged clips). The picture is brought by Lanczos'
interpolation, and its difference to the frame is encoded anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array
from reelfix.restoration.fusion import Reach, fused, same_scene
from reelfix.restoration.motion import Flow, Motion, picture_maps
from reelfix.restoration.smooth_light import (
    between_pixels,
    flat_cells,
    light_between,
    without_grain,
    without_loss,
)
from reelfix.restoration.smooth_space import Space
from reelfix.restoration.triplet.compact import CELL, MULTIPLE
from reelfix.restoration.triplet.restorer_frames import lumas_of

CARRIED = ("smooth_picture", "smooth_count")
"""What goes on from frame to frame: the picture (H, W) float32, and how many frames it is made of, (h, w)."""

_TOLERATED, _STEEPNESS = 1.3, 1.0  # excess over the noise that counts for nothing; fall of the weight beyond
_LEAST_TRUST = 0.5  # share of a weight that confidence in the motion does not decide
_FADING = 0.8  # from each frame ahead to the next
_TRUSTED = 0.5


@dataclass(frozen=True)
class _Brought:
    """Pictures of other frames as seen from the one in hand."""

    pictures: torch.Tensor
    """float32 (N, H, W)."""
    trust: torch.Tensor
    """float32 (N, h, w) in [0, 1]."""
    counts: torch.Tensor
    """float32 (N, h, w): frames that each is made of, at most."""
    between: torch.Tensor
    """float32 (N, H, W) in [0, 1]: how far each pixel was found between pixels, see `between_pixels`."""
    has_past: bool


class Smoother:
    """Smooths a shot, frame by frame."""

    def __init__(
        self,
        space: Space,
        *,
        reach: Reach | None = None,
        strength: float = 1.0,
        keeps_grain: bool = True,
    ) -> None:
        """Smooth in `space`; `strength` in [0, 1] scales every change.

        `keeps_grain`: where frames have grain, of the fine detail nothing is smoothed, only what is broader.
        """
        self._space = space
        self._reach = reach or Reach()
        self._strength = strength
        self._keeps_grain = keeps_grain

    @torch.inference_mode()
    def smooth(
        self,
        frames: torch.Tensor,
        motion: Motion,
        core: slice,
        carried: Mapping[str, torch.Tensor],
        latents: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the frames `core` of a window, smoothed, and what is carried on from the last of them.

        `frames`: float32 (T, C, H, W) in [0, 1], C = 1 or 3, with the `motion` of the same frames; the window
        reaches `Reach.ahead` frames beyond the core where the shot does. `carried`: CARRIED, as returned with
        the frame before the core; empty at the shot's first. `latents`: float16 (T, C, h, w), of the frames,
        where they are kept. What is changed of luma is added to every channel: colours stay.
        """
        lumas = as_array(lumas_of(frames))
        state = {name: as_array(tensor) for name, tensor in carried.items()}
        results = []
        for t in range(*core.indices(len(frames))):
            latent = None if latents is None else latents[t]
            change, state = self._step(lumas, motion, t, state, latent)
            results.append((frames[t] + self._strength * change.to(frames.device)).clamp_(0, 1))
        kept = {name: torch.from_numpy(state[name]).to(frames.device) for name in CARRIED}
        return torch.stack(results), kept

    def _step(
        self,
        lumas: Plane,
        motion: Motion,
        t: int,
        state: Mapping[str, Plane],
        latent: torch.Tensor | None,
    ) -> tuple[torch.Tensor, dict[str, Plane]]:
        """Return what is to be added to frame t, (H, W), and what is carried on from there."""
        luma = torch.from_numpy(lumas[t])
        height, width = luma.shape
        brought = self._brought(lumas, motion, t, state)
        if brought is None:
            once = np.ones(_cells(height, width), np.float32)
            return torch.zeros_like(luma), dict(zip(CARRIED, (lumas[t], once), strict=True))
        differences = brought.pictures - luma
        light, even = light_between(differences, brought.trust)
        details = without_loss(differences - _enlarged(light, height, width), brought.between)
        if self._keeps_grain:
            details = without_grain(details, brought.trust)
        coded = self._space.coded(luma, latent)
        moves = coded.details(details)
        confidence = _LEAST_TRUST + (1 - _LEAST_TRUST) * brought.trust
        weights = confidence * even * brought.counts * same_scene(brought.trust)
        excess = coded.likeness(moves, (brought.trust > _TRUSTED) & flat_cells(lumas[t]))
        shares = torch.exp((_TOLERATED - excess).clamp_max(0) * _STEEPNESS) * weights[:, None].to(
            moves.device
        )
        changed, count = fused(moves, shares, has_past=brought.has_past, most=self._reach.back - 1)
        lights, _ = fused(light, weights, has_past=brought.has_past, most=self._reach.back - 1)
        past, smooth = coded.picture(changed).cpu() + _enlarged(lights, height, width)
        return smooth, dict(zip(CARRIED, (as_array(luma + past), as_array(count.mean(dim=0))), strict=True))

    def _brought(self, lumas: Plane, motion: Motion, t: int, state: Mapping[str, Plane]) -> _Brought | None:
        """Bring the carried picture and the frames ahead to frame t; None where there is neither."""
        height, width = lumas[t].shape
        rows, columns = _cells(height, width)
        steps = range(1, min(self._reach.ahead, len(lumas) - 1 - t) + 1)
        flows = motion.flows(t, steps)
        pictures, trusts, counts, between = [], [], [], []
        if state:
            flow, trust = motion.backward[t], motion.backward_confidence[t]
            across = np.ascontiguousarray(as_array(flow).transpose(1, 2, 0))
            pictures.append(_along(state[CARRIED[0]], across))
            trusts.append(_in_cells(as_array(trust)[0], rows, columns))
            counts.append(_counts_along(state[CARRIED[1]], across))
            between.append(between_pixels(across, height, width))
        for step in steps:
            flow_there, trust_there = flows[step]
            pictures.append(_along(lumas[t + step], flow_there))
            trusts.append(_in_cells(trust_there, rows, columns))
            counts.append(np.full((rows, columns), _FADING ** (step - 1), np.float32))
            between.append(between_pixels(flow_there, height, width))
        if not pictures:
            return None
        planes = [torch.from_numpy(np.stack(each)) for each in (pictures, trusts, counts, between)]
        return _Brought(planes[0], planes[1], planes[2], planes[3], has_past=bool(state))


def _cells(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of cells of a picture grown to multiples of MULTIPLE."""
    return (height + -height % MULTIPLE) // CELL, (width + -width % MULTIPLE) // CELL


def _along(picture: Plane, flow: Flow) -> Plane:
    map_x, map_y = picture_maps(flow, *picture.shape)
    return np.asarray(cv2.remap(picture, map_x, map_y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE))


def _counts_along(counts: Plane, flow: Flow) -> Plane:
    """Bring counts (h, w) along a flow on the half-size grid."""
    rows, columns = counts.shape
    across, down = (_in_cells(np.ascontiguousarray(part), rows, columns) for part in cv2.split(flow))
    map_x = across * np.float32(1 / CELL) + np.arange(columns, dtype=np.float32)
    map_y = down * np.float32(1 / CELL) + np.arange(rows, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(counts, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _in_cells(plane: Plane, rows: int, columns: int) -> Plane:
    """Mean over 2 x 2 points of the half-size grid, grown to (rows, columns); edges repeat."""
    down, right = 2 * rows - plane.shape[0], 2 * columns - plane.shape[1]
    if down or right:
        plane = cv2.copyMakeBorder(plane, 0, down, 0, right, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA))


def _enlarged(planes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Enlarge planes (N, h, w) of cells to the picture's (N, H, W)."""
    size = (planes.shape[2] * CELL, planes.shape[1] * CELL)
    whole = [cv2.resize(as_array(plane), size, interpolation=cv2.INTER_LINEAR) for plane in planes]
    return torch.from_numpy(np.stack([plane[:height, :width] for plane in whole]))
