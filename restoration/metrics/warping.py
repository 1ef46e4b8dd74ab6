"""Warping error: how unsteady a restored clip is along the motion of the clean one."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, luma_of
from reelfix.restoration.motion import Flow


@dataclass(frozen=True)
class MotionStep:
    """Where each pixel of a clean frame goes in the next one, and where that can be seen."""

    map_x: Plane
    """float32 (H, W): x in the next frame."""
    map_y: Plane
    """float32 (H, W): y in the next frame."""
    seen: Plane
    """bool (H, W), False where occluded, out of the picture or at a motion edge."""
    length: float
    """Mean length of the flow, in pixels."""


@dataclass(frozen=True)
class CleanMotion:
    """The motion of a clean clip: one step for each of its frames but the last."""

    steps: tuple[MotionStep, ...]

    @property
    def mean(self) -> float:
        """Mean length of the flow, in pixels."""
        return float(np.mean([step.length for step in self.steps]))


def clean_motion(truth: torch.Tensor) -> CleanMotion:
    """Measure the motion of a clean clip, (T, C, H, W) in [0, 1], T >= 2."""
    planes = [luma_of(as_array(frame)) for frame in truth]
    return CleanMotion(tuple(motion_step(here, there) for here, there in pairwise(planes)))


def motion_step(here: Plane, there: Plane) -> MotionStep:
    """Measure the motion from one clean plane (H, W) in [0, 1] to the next, by DIS optical flow.

    Occlusions and motion edges as in Ruder et al., "Artistic Style Transfer for Videos", 2016, eqs. 5 and 6,
    which Lai et al. take over.
    """
    first, second = (np.rint(plane * 255).astype(np.uint8) for plane in (here, there))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    still = np.zeros((*here.shape, 2), np.float32)
    forward = np.asarray(dis.calc(first, second, still.copy()))
    backward = np.asarray(dis.calc(second, first, still))
    rows, columns = np.indices(here.shape, dtype=np.float32)
    map_x, map_y = columns + forward[..., 0], rows + forward[..., 1]
    inside = (map_x >= 0) & (map_x <= here.shape[1] - 1) & (map_y >= 0) & (map_y <= here.shape[0] - 1)
    seen = inside & _consistent(forward, backward, map_x, map_y) & ~_at_edge(forward)
    return MotionStep(map_x, map_y, seen, float(np.hypot(forward[..., 0], forward[..., 1]).mean()))


def warping_error(clip: torch.Tensor, motion: CleanMotion) -> float:
    """Measure a clip (T, C, H, W) in [0, 1] along the motion of its clean one: mean squared difference.

    `step_error` averaged over the steps. Raises ValueError where `motion` is another clip's.
    """
    if len(clip) != len(motion.steps) + 1:
        raise ValueError(f"{len(clip) = } must be one more than {len(motion.steps) = }.")
    planes = [luma_of(as_array(frame)) for frame in clip]
    return float(
        np.mean(
            [
                step_error(*planes_of, step)
                for planes_of, step in zip(pairwise(planes), motion.steps, strict=True)
            ]
        )
    )


def step_error(here: Plane, there: Plane, step: MotionStep) -> float:
    """Measure two planes (H, W) in [0, 1] along the clean clip's motion; 0 where nothing of it is seen.

    `E(t) = sum_i M_i |V_t(i) - warp(V_t+1)(i)|^2 / sum_i M_i`: Lai et al., "Learning Blind Video Temporal
    Consistency", 2018, eqs. 10 and 11.
    """
    warped = np.asarray(cv2.remap(there, step.map_x, step.map_y, cv2.INTER_LINEAR))
    return float(np.square(here - warped)[step.seen].mean()) if step.seen.any() else 0.0


def _consistent(forward: Flow, backward: Flow, map_x: Plane, map_y: Plane) -> Plane:
    back = np.asarray(cv2.remap(backward, map_x, map_y, cv2.INTER_LINEAR))
    apart = np.square(forward + back).sum(axis=-1)
    return np.asarray(apart <= 0.01 * (np.square(forward).sum(-1) + np.square(back).sum(-1)) + 0.5)


def _at_edge(flow: Flow) -> Plane:
    steepness = sum(
        np.square(gradient) for part in (flow[..., 0], flow[..., 1]) for gradient in np.gradient(part)
    )
    return np.asarray(steepness > 0.01 * np.square(flow).sum(axis=-1) + 0.002)
