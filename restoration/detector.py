"""The learned detector: what was found without a net, what neighbours show and what stays, weighed by one.

It is fused with the model-free one by being told what that one found: where that is right it is followed, and
where it errs (a limb that was lost in its motion, a hair in the gate on a still scene) it is corrected.
"""

from collections.abc import Mapping, MutableMapping
from typing import cast

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane
from reelfix.restoration.components import components
from reelfix.restoration.detector_inputs import INPUTS, Look, look_of
from reelfix.restoration.detector_net import DetectorNet
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.models.architecture import Precision
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.motion import Motion
from reelfix.restoration.precision import has_bfloat16
from reelfix.restoration.triplet.tiling import tiled

Looks = MutableMapping[int, Look]
"""What was looked at in the frames of a shot, by their number in it: for the windows that overlap."""

_TILE, _OVERLAP = 2048, 256  # points of the half-size grid
_LEAST = 16  # 255ths; what is less likely is nothing
_EVEN_ODDS = np.uint8(128)
_SURE = 230  # 255ths
_TRACE = 16  # 255ths; what is less is no trace of a mark
_TRACED = 0.1  # share of a mark in which there must be a trace of it
_THICK = 0.045  # of the picture's height: what stays and is as thick is the scene's
_LONG = 2.5  # times as long as wide: not the scene's
_STILL = 0.15  # of how surely the scene has gone: it has not
_THICKEST_LEAST = 14  # pixels; in small pictures


class Detector:
    """The net on a device, ready to be asked."""

    def __init__(self, net: DetectorNet, device: torch.device | str = "cpu") -> None:
        """Take `net`, on a device already; raises ValueError for one that wants other inputs."""
        if net.inputs != INPUTS:
            raise ValueError(f"{net.inputs = } must be {INPUTS}: these weights are of another version.")
        self.device = torch.device(device)
        self._net = net
        self._dtype = net.stem.weight.dtype

    @torch.inference_mode()
    def probability(self, inputs: Plane, height: int, width: int) -> Plane:
        """Return the mask (2, height, width) uint8 of one frame: the probability of damage times 255.

        What is less likely than one in sixteen is 0. `inputs`: see `detector_inputs.inputs_of`. One frame at
        a time, so that its bytes do not depend on which others there are.
        """
        told = _channels_last(inputs, self._dtype).to(self.device)
        logits = tiled(self._net, [told], _TILE, _OVERLAP, multiple=self._net.granule, scale=2)
        chance = logits[0, :, :height, :width].float().sigmoid()  # 2xHxW
        mask = (chance * 255).round().to(torch.uint8)
        return np.asarray(mask.masked_fill(mask < _LEAST, 0).cpu().numpy())


def _channels_last(planes: Plane, dtype: torch.dtype) -> torch.Tensor:
    """Return planes (C, h, w) as a tensor (1, C, h, w) whose channels lie side by side."""
    count, height, width = planes.shape
    rounded = torch.from_numpy(planes).to(dtype)
    bits = rounded.view(torch.int16 if rounded.element_size() == 2 else torch.int32)
    turned = cv2.transpose(bits.numpy().reshape(count, -1))  # five times as fast as torch turns them
    return torch.from_numpy(turned).view(dtype).view(1, height, width, count).permute(0, 3, 1, 2)


def without_guesses(dirt: Plane, known: Plane) -> Plane:
    """Return the plane `dirt` (H, W) uint8 without marks that the net alone sees, and is nowhere sure of.

    `known` (H, W) uint8: found without a net. Where that has no trace of a mark, what looks like one may be
    a limb that was lost in its motion, or a thing that is in the shot's first frame or its last alone; of
    dirt the net is sure somewhere.
    """
    found = (dirt >= _EVEN_ODDS).astype(np.uint8)
    if not found.any():
        return dirt
    labels, boxes = components(found)
    guess = np.ones(len(boxes), np.bool_)
    guess[labels[(dirt >= _SURE) | (known >= _TRACE)]] = False
    guess[0] = False
    if not guess.any():
        return dirt
    return np.where(guess[labels], np.minimum(dirt, _EVEN_ODDS - 1), dirt)


def without_blobs(lines: Plane, known: Plane, gone: Plane) -> Plane:
    """Return the plane `lines` (H, W) uint8 of what stays, without blobs on a still scene.

    `known` (H, W) uint8: found without a net; `gone` (h, w): how surely the scene has gone, see
    `detector_inputs.GONE`. Scratches and hairs in the gate are thin, or long; and where the scene goes, what
    stays is none of it. What is neither cannot be told from a thing of the scene, and is left alone.
    """
    found = (lines >= _EVEN_ODDS).astype(np.uint8)
    side = 2 * round(max(len(lines) * _THICK, _THICKEST_LEAST) / 2) + 1
    thick = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    if not thick.any():
        return lines
    labels, boxes = components(thick)
    width, height = boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]
    blob = np.maximum(width, height) < _LONG * np.minimum(width, height)
    blob &= _is_still(labels, gone, len(blob))
    blob[0] = False
    if not blob.any():
        return lines
    near = cv2.dilate(blob[labels].astype(np.uint8), np.ones((2 * side + 1,) * 2, np.uint8)) > 0
    return np.where(near & (known < _EVEN_ODDS), np.minimum(lines, _EVEN_ODDS - 1), lines)


def without_still(lines: Plane, known: Plane, gone: Plane) -> Plane:
    """Return the plane `lines` (H, W) uint8 of what stays, without what the net alone sees on a still scene.

    `known` and `gone` as in `without_blobs`. Where nothing moves, a line of the scene stays as a scratch
    does, and only its looks are left to tell them apart: what has no trace in `known` is left alone.
    """
    found = (lines >= _EVEN_ODDS).astype(np.uint8)
    if not found.any():
        return lines
    labels, boxes = components(found)
    area = boxes[:, cv2.CC_STAT_AREA]
    traced = np.bincount(labels[known >= _TRACE], minlength=len(area))
    left = (traced < _TRACED * area) & _is_still(labels, gone, len(area))
    left[0] = False
    if not left.any():
        return lines
    return np.where(left[labels], np.minimum(lines, _EVEN_ODDS - 1), lines)


def _is_still(labels: Plane, gone: Plane, count: int) -> Plane:
    """Return whether the scene has not gone where each of `count` components lies, bool (count,)."""
    at = labels[::2, ::2].ravel()  # on the grid of half the size
    place = np.flatnonzero(at)
    at = at[place]
    total = np.bincount(at, gone.ravel()[place], count)
    return np.asarray(total < _STILL * np.bincount(at, minlength=count))


def load_detector(reference: str, device: torch.device) -> Detector:
    """Load a detector's weights by name, or by path; raises ModelError where there are none."""
    net = describe(reference).build(device, fast_precision(device), channels_last=True)
    return Detector(cast(DetectorNet, net), device)


def fast_precision(device: torch.device) -> Precision:
    """Return the arithmetic that is fast on a device: bfloat16 where there are instructions for it."""
    return "bfloat16" if has_bfloat16(device) else "float32"


def look_at(looks: Looks, lumas: list[Plane], motion: Motion, first: int) -> Mapping[int, Look]:
    """Look at the frames of a window, by their place in it; the first is the shot's frame number `first`.

    What is known is not looked at again; what lies before the window is forgotten.
    """
    for t in [t for t in looks if t < first]:
        del looks[t]
    new = [k for k in range(len(lumas)) if first + k not in looks]
    made = map_frames(lambda k: look_of(lumas[k], motion, k), new)
    looks.update((first + k, look) for k, look in zip(new, made, strict=True))
    return {k: looks[first + k] for k in range(len(lumas))}
