"""Warping error: how unsteady a restored clip is along the motion of the clean one."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, luma_of
from reelfix.restoration.motion import Flow


@dataclass(frozen=True)
class CleanMotion:
    """Where each pixel of the clean clip goes in the next frame, and where that can be seen."""

    maps: tuple[tuple[Plane, Plane], ...]
    """For frames 0 to T - 2: x and y (H, W) in the next frame, float32."""
    seen: tuple[Plane, ...]
    """For frames 0 to T - 2: bool (H, W), False where occluded, out of the picture or at a motion edge."""
    mean: float
    """Mean length of the flow, in pixels."""


def clean_motion(truth: torch.Tensor) -> CleanMotion:
    """Measure the motion of a clean clip, (T, C, H, W) in [0, 1], T >= 2, by DIS optical flow.

    Occlusions and motion edges as in Ruder et al., "Artistic Style Transfer for Videos", 2016, eqs. 5 and 6,
    which Lai et al. take over.
    """
    codes = [np.rint(luma_of(as_array(frame)) * 255).astype(np.uint8) for frame in truth]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    maps, seen, lengths = [], [], []
    for here, there in pairwise(codes):
        still = np.zeros((*here.shape, 2), np.float32)
        forward = np.asarray(dis.calc(here, there, still.copy()))
        backward = np.asarray(dis.calc(there, here, still))
        rows, columns = np.indices(here.shape, dtype=np.float32)
        map_x, map_y = columns + forward[..., 0], rows + forward[..., 1]
        maps.append((map_x, map_y))
        inside = (map_x >= 0) & (map_x <= here.shape[1] - 1) & (map_y >= 0) & (map_y <= here.shape[0] - 1)
        seen.append(inside & _consistent(forward, backward, map_x, map_y) & ~_at_edge(forward))
        lengths.append(float(np.hypot(forward[..., 0], forward[..., 1]).mean()))
    return CleanMotion(tuple(maps), tuple(seen), float(np.mean(lengths)))


def warping_error(clip: torch.Tensor, motion: CleanMotion) -> float:
    """Measure a clip (T, C, H, W) in [0, 1] along the motion of its clean one: mean squared difference.

    `E(t) = sum_i M_i |V_t(i) - warp(V_t+1)(i)|^2 / sum_i M_i`, averaged over t: Lai et al., "Learning Blind
    Video Temporal Consistency", 2018, eqs. 10 and 11. Raises ValueError where `motion` is another clip's.
    """
    if len(clip) != len(motion.maps) + 1:
        raise ValueError(f"{len(clip) = } must be one more than {len(motion.maps) = }.")
    frames = [luma_of(as_array(frame)) for frame in clip]
    errors = []
    for (here, there), (map_x, map_y), seen in zip(pairwise(frames), motion.maps, motion.seen, strict=True):
        warped = np.asarray(cv2.remap(there, map_x, map_y, cv2.INTER_LINEAR))
        errors.append(float(np.square(here - warped)[seen].mean()) if seen.any() else 0.0)
    return float(np.mean(errors))


def _consistent(forward: Flow, backward: Flow, map_x: Plane, map_y: Plane) -> Plane:
    back = np.asarray(cv2.remap(backward, map_x, map_y, cv2.INTER_LINEAR))
    apart = np.square(forward + back).sum(axis=-1)
    return np.asarray(apart <= 0.01 * (np.square(forward).sum(-1) + np.square(back).sum(-1)) + 0.5)


def _at_edge(flow: Flow) -> Plane:
    steepness = sum(
        np.square(gradient) for part in (flow[..., 0], flow[..., 1]) for gradient in np.gradient(part)
    )
    return np.asarray(steepness > 0.01 * np.square(flow).sum(axis=-1) + 0.002)
