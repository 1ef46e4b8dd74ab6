"""Which pixels in and about a blotch are damaged: its soft edge belongs to it, what lies beyond does not."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.blotch_evidence import Scene
from reelfix.restoration.blotches import Blotches, Region, Values
from reelfix.restoration.spikes import Spikes

EDGE_EVIDENCE = 10
"""Pieces of evidence of a pixel."""


@dataclass(frozen=True)
class Edges:
    """The m pixels in and about the n blotches of a frame."""

    place: npt.NDArray[np.intp]
    """(m,): where in the flattened frame."""
    number: npt.NDArray[np.intp]
    """(m,): of which blotch, from 0."""
    looks: Values
    """(EDGE_EVIDENCE - 1, m): how each pixel looks."""

    def evidence(self, log_odds: Values) -> Values:
        """What tells of each pixel, (EDGE_EVIDENCE, m); `log_odds` (n,): those of the blotches being dirt."""
        return np.concatenate([np.clip(log_odds[self.number] / 3, -3, 3)[None], self.looks])


def edges_of(blotches: Blotches, scene: Scene, spikes: Spikes) -> Edges:
    """Find the pixels in blotches and within two of one, and how they look beside it."""
    square = np.ones((3, 3), np.uint8)
    near = np.where(blotches.labels > 0, blotches.labels, cv2.dilate(blotches.labels, square))
    far = np.where(near > 0, near, cv2.dilate(near, square)).ravel()
    place = np.flatnonzero(far > 0)
    number = far[place].astype(np.intp) - 1
    inside = Region(blotches.labels, blotches.count)
    sign = np.where(inside.mean(spikes.size) < 0, -1.0, 1.0)[number]
    contrast = (inside.mean(np.abs(spikes.size)) + 0.002)[number]
    off = scene.luma - (scene.views[0] + scene.views[1]) * np.float32(0.5)
    noise = spikes.noise + 0.002
    wide = cv2.blur(off, (9, 9)).ravel()[place]
    looks = np.stack(
        [
            (blotches.labels.ravel()[place] > 0).astype(np.float64),
            (near.ravel()[place] > 0).astype(np.float64),
            np.clip(sign * off.ravel()[place] / contrast, -1, 2),
            np.clip(sign * cv2.blur(off, (3, 3)).ravel()[place] / contrast, -1, 2),
            np.clip(sign * wide / contrast, -1, 2),
            np.tanh(sign * wide / noise),
            np.tanh(sign * cv2.blur(spikes.size, (3, 3)).ravel()[place] / (2 * noise)),
            np.log(contrast / noise) / 2,
            np.clip(spikes.score.ravel()[place], 0, 3),
        ]
    )
    return Edges(place, number, looks)
