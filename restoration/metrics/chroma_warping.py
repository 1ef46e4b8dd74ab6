"""Warping error of colour: how unsteady a and b are along the motion of the true clip."""

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import as_array
from reelfix.restoration.metrics.warping import MotionStep


def chroma_step_error(here: torch.Tensor, there: torch.Tensor, step: MotionStep) -> float:
    """Mean squared distance in a and b of a frame (2, H, W) to the next one along the true clip's motion.

    `E = sum_i M_i |ab_t(i) - warp(ab_t+1)(i)|^2 / sum_i M_i`: Lai et al., "Learning Blind Video Temporal
    Consistency", 2018, eqs. 10 and 11, of the chroma alone; M leaves out what is occluded in the true clip. 0
    where nothing of it is seen. Pale colours are steady ones: read it beside the colorfulness. Raises
    ValueError for shapes that differ.
    """
    if here.shape != there.shape or here.shape[1:] != step.seen.shape:
        raise ValueError(
            f"{tuple(here.shape) = } must equal {tuple(there.shape) = }, of size {step.seen.shape}."
        )
    if not step.seen.any():
        return 0.0
    warped = [
        np.asarray(cv2.remap(plane, step.map_x, step.map_y, cv2.INTER_LINEAR))
        for plane in as_array(there.float())
    ]
    apart = np.square(as_array(here.float()) - np.stack(warped)).sum(axis=0)
    return float(apart[step.seen].mean(dtype=np.float64))
