"""Differences of pictures in time, taken apart: light that came or went, grain, and all else."""

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array
from reelfix.restoration.motion import Flow
from reelfix.restoration.triplet.compact import CELL, MULTIPLE

_AROUND = (9, 9)  # cells over which light is taken to be even
_FLICKER = 0.02  # deviation of light that flickers; what differs by more is another light
_MOVED = 0.06  # a cell that differs by more shows something else
_QUIET, _GRAINY = 0.0035, 0.005  # deviation of grain in a frame: below, it has none; above, it is grainy
_FINE = 0.8  # pixels: what interpolation takes
_BROAD = 2.5  # pixels: what is as broad is no grain
_TRUSTED = 0.5


def light_between(differences: torch.Tensor, trust: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Tell how the light of other pictures differs, and how far that may be flicker, (N, h, w) each.

    `differences`: float32 (N, H, W), others less the frame; `trust`: (N, h, w) in [0, 1] on cells of 4 x 4
    pixels of the grown picture. Means about each cell over what can be trusted and does not differ much
    (normalised convolution), so that things that move bring no light with them.
    """
    lights, evens = [], []
    for difference, sound in zip(differences, trust, strict=True):
        cells = _cell_means(as_array(difference))
        weight = (as_array(sound) + np.float32(0.01)) * np.exp(-np.square(cells / np.float32(_MOVED)))
        light = cv2.blur(cells * weight, _AROUND) / np.maximum(cv2.blur(weight, _AROUND), np.float32(1e-4))
        lights.append(light)
        evens.append(np.exp(-np.square(light / np.float32(_FLICKER))))
    return torch.from_numpy(np.stack(lights)), torch.from_numpy(np.stack(evens))


def between_pixels(flow: Flow, height: int, width: int) -> Plane:
    """Say how far the pixels that `flow` (h, w, 2) leads to lie between pixels: float32 (H, W) in [0, 1].

    There the finest detail is lost to any interpolation; at 0 it is what it was.
    """
    squares = np.square(np.sin(np.float32(np.pi) * flow)).sum(axis=-1)
    size = (2 * flow.shape[1], 2 * flow.shape[0])
    return np.asarray(
        cv2.resize(np.minimum(squares, np.float32(1)), size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    )


def without_loss(details: torch.Tensor, between: torch.Tensor) -> torch.Tensor:
    """Return differences (N, H, W) without the finest of them where it is interpolation's, as `between` says.

    What is carried on is interpolated again with every frame: it would lose its detail by and by.
    """
    kept = []
    for detail, lost in zip(details, between, strict=True):
        plane = as_array(detail)
        fine = plane - cv2.GaussianBlur(plane, (0, 0), _FINE)
        kept.append(plane - fine * as_array(lost))
    return torch.from_numpy(np.stack(kept))


def without_grain(details: torch.Tensor, trust: torch.Tensor) -> torch.Tensor:
    """Return differences (N, H, W) without what is fine, as far as they are those of grainy pictures.

    Grain that is there is wanted, and grain smoothed over time crawls. `trust` as in `light_between`.
    """
    kept = []
    for detail, sound in zip(details, trust, strict=True):
        plane = as_array(detail)
        share = _grainy(plane, as_array(sound))
        if share > 0:
            broad = np.asarray(cv2.GaussianBlur(plane, (0, 0), _BROAD))
            plane = np.float32(1 - share) * plane + np.float32(share) * broad
        kept.append(plane)
    return torch.from_numpy(np.stack(kept))


def flat_cells(luma: Plane) -> torch.Tensor:
    """Say which half of the cells of a frame (H, W) has less detail: bool (h, w).

    There differences in time are noise, not motion that was not quite found.
    """
    calm = cv2.blur(_cell_means(np.square(luma)) - np.square(_cell_means(luma)), (3, 3))
    return torch.from_numpy(calm <= np.median(calm))


def _grainy(difference: Plane, trust: Plane) -> float:
    """How far a difference (H, W) of two pictures is that of grain, in [0, 1]."""
    squares = _cell_means(np.square(difference))
    sound = trust > _TRUSTED
    values = squares[sound] if np.count_nonzero(sound) * 10 > sound.size else squares
    deviation = float(np.sqrt(np.median(values) / 2))
    return float(np.clip((deviation - _QUIET) / (_GRAINY - _QUIET), 0, 1))


def _cell_means(plane: Plane) -> Plane:
    """Mean over each cell of a plane (H, W), grown by its last row and column."""
    height, width = plane.shape
    down, right = -height % MULTIPLE, -width % MULTIPLE
    if down or right:
        plane = cv2.copyMakeBorder(plane, 0, down, 0, right, cv2.BORDER_REPLICATE)
    size = (plane.shape[1] // CELL, plane.shape[0] // CELL)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
