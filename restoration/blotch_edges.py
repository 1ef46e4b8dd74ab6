"""Which pixels in and about a blotch are damaged: its soft edge belongs to it, what lies beyond does not."""

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.blotch_evidence import Scene
from reelfix.restoration.blotches import Blotches, Region, Values
from reelfix.restoration.spikes import Spikes

EDGE_EVIDENCE = 8
"""Pieces of evidence of a pixel."""


def edge_evidence(
    blotches: Blotches, scene: Scene, spikes: Spikes, log_odds: Values
) -> tuple[npt.NDArray[np.intp], Values]:
    """Return the m pixels within two of a blotch, as places in the flattened frame, and what tells of each.

    `log_odds` (n,): those of each blotch being dirt. The evidence is (EDGE_EVIDENCE, m), of order one.
    """
    square = np.ones((3, 3), np.uint8)
    near = np.where(blotches.labels > 0, blotches.labels, cv2.dilate(blotches.labels, square))
    far = np.where(near > 0, near, cv2.dilate(near, square)).ravel()
    place = np.flatnonzero(far)
    number = far[place].astype(np.intp) - 1
    inside = Region(blotches.labels, blotches.count)
    sign = np.where(inside.mean(spikes.size) < 0, -1.0, 1.0)[number]
    contrast = (inside.mean(np.abs(spikes.size)) + 0.002)[number]
    off = scene.luma - (scene.views[0] + scene.views[1]) * np.float32(0.5)
    noise = spikes.noise + 0.002
    return place, np.stack(
        [
            np.clip(log_odds[number] / 3, -3, 3),
            (blotches.labels.ravel()[place] > 0).astype(np.float64),
            (near.ravel()[place] > 0).astype(np.float64),
            np.clip(sign * off.ravel()[place] / contrast, -1, 2),
            np.clip(sign * cv2.blur(off, (3, 3)).ravel()[place] / contrast, -1, 2),
            np.tanh(sign * cv2.blur(spikes.size, (3, 3)).ravel()[place] / (2 * noise)),
            np.log(contrast / noise) / 2,
            np.clip(spikes.score.ravel()[place], 0, 3),
        ]
    )
