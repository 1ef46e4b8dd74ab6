"""A frame as its neighbours in time show it: brought along the motion, and to this frame's light."""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Flow, Motion, picture_maps

_LIGHT_CELL = 16  # pixels over which light is taken to be even
STEPS = (-1, 1, -2, 2)
"""The neighbours asked, nearest first."""


@dataclass(frozen=True)
class View:
    """One neighbour's picture of the frame in hand."""

    step: int
    """-1 for the frame before, 2 for the one after the next."""
    picture: Plane
    """float32 (H, W), in this frame's light."""
    confidence: Plane
    """float32 (h, w) in [0, 1], on the motion's grid."""


def views_of(lumas: list[Plane], motion: Motion, frame: int) -> list[View]:
    """Return the views of `lumas[frame]`, (H, W) each, by the neighbours there are (see STEPS)."""
    views = []
    for step in STEPS:
        if 0 <= frame + step < len(lumas):
            flow, confidence = motion.flow(frame, step)
            picture = brought(lumas[frame + step], flow)
            views.append(View(step, in_light_of(lumas[frame], picture), confidence))
    return views


def brought(plane: Plane, flow: Flow, interpolation: int = cv2.INTER_LINEAR) -> Plane:
    """Bring a neighbour's plane (H, W) along `flow` (h, w, 2), which leads from here to there."""
    map_x, map_y = picture_maps(flow, *plane.shape)
    return np.asarray(cv2.remap(plane, map_x, map_y, interpolation, borderMode=cv2.BORDER_REPLICATE))


def in_light_of(here: Plane, there: Plane) -> Plane:
    """Return `there` with its low frequencies made those of `here`, but for what is odd in few cells."""
    height, width = here.shape
    cells = (max(width // _LIGHT_CELL, 1), max(height // _LIGHT_CELL, 1))
    change = cv2.resize(here - there, cells, interpolation=cv2.INTER_AREA)
    if min(cells) >= 3:
        change = cv2.medianBlur(change, 5 if min(cells) >= 5 else 3)
    return np.asarray(there + cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR))
