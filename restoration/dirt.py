"""Dirt, dust, hairs and blotches: what is on one frame and on neither neighbour.

Pixels are sought that lie outside all that both neighbours, brought along the motion, show there (`spikes`).
Connected ones are then judged together (`blotch_evidence`), since a hand in motion has such pixels too, and
the pixels in and about each one by one (`blotch_edges`). Large ones are made whole (`blotch_closing`).
"""

from dataclasses import dataclass

import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.blotch_closing import close_blotches
from reelfix.restoration.blotch_edges import edges_of
from reelfix.restoration.blotch_evidence import Scene, evidence
from reelfix.restoration.blotches import Blotches, Values, find_blotches
from reelfix.restoration.dirt_judge import Judge, trained_judge
from reelfix.restoration.spikes import BODY, Spikes, spikes_of


@dataclass(frozen=True)
class Suspects:
    """What in a frame may be dirt, and what speaks for and against it."""

    blotches: Blotches
    spikes: Spikes
    evidence: Values
    """(EVIDENCE, n), one column a blotch."""


def suspects_of(scene: Scene, strength: float = 1.0) -> Suspects:
    """Find what may be dirt in a frame. `strength` in (0, 1]: with a half, it must stand out twice as far."""
    spikes = spikes_of(scene.luma, scene.views[0], scene.views[1], is_between=scene.is_between)
    blotches = find_blotches(spikes.score * np.float32(strength), body=BODY)
    return Suspects(blotches, spikes, evidence(blotches, scene, spikes, strength))


def dirt_probability(scene: Scene, strength: float = 1.0, judge: Judge | None = None) -> Plane:
    """Probability (H, W) uint8 that a pixel is dirt, in 255ths: 128 and above is more likely than not.

    Calibrated: of pixels with 64, about a quarter are damaged. A `scene` with fewer than two views tells
    nothing. `strength` as in `suspects_of`; `judge` is the one that comes with the package, or another.
    """
    probability = np.zeros(scene.luma.size, np.uint8)
    if len(scene.views) >= 2:
        suspects = suspects_of(scene, strength)
        if suspects.blotches.count:
            judge = judge or trained_judge()
            odds = judge.blotches.log_odds(suspects.evidence)
            edges = edges_of(suspects.blotches, scene, suspects.spikes)
            likely = 1 / (1 + np.exp(-judge.pixels.log_odds(edges.evidence(odds))))
            probability[edges.place] = np.floor(likely * 255 + 0.5).astype(np.uint8)
    return close_blotches(probability.reshape(scene.luma.shape))
