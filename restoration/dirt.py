"""Dirt, dust, hairs and blotches: what is on one frame and on neither neighbour.

Pixels are sought that lie outside all that both neighbours, brought along the motion, show there (`spikes`).
Connected ones are then judged together (`blotch_evidence`), since a hand in motion has such pixels too, and
the pixels in and about each one by one (`blotch_edges`). Large ones are made whole (`blotch_closing`).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.blotch_closing import close_blotches
from reelfix.restoration.blotch_edges import edges_of
from reelfix.restoration.blotch_evidence import Scene, evidence
from reelfix.restoration.blotches import Blotches, Values, find_blotches
from reelfix.restoration.components import components
from reelfix.restoration.dirt_judge import Judge, trained_judge
from reelfix.restoration.spikes import BODY, Spikes, spikes_of

_EVEN_ODDS = 128
_ONE_SIDED_LARGEST = 1e-3
"""Share of the picture that a blotch may cover at a shot's ends."""
_ONE_SIDED_LEAST = 24  # pixels
_PLAIN = 0.35
"""Mean difference from the views with which a larger one is dirt all the same."""


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
    probability = close_blotches(probability.reshape(scene.luma.shape))
    if scene.is_between or len(scene.views) < 2:
        return probability
    return _plain_ones(probability, np.abs(scene.luma - (scene.views[0] + scene.views[1]) * np.float32(0.5)))


def _plain_ones(probability: Plane, away: Plane) -> Plane:
    """The probability without large blotches that are not plain: `away` (H, W), how far from the views.

    At a shot's ends all views lie on one side: what light or motion changed there looks like dirt, and to
    paint in a tower does more harm than to leave a blotch.
    """
    found = (probability >= _EVEN_ODDS).astype(np.uint8)
    labels, stats = components(found)
    is_large = stats[:, cv2.CC_STAT_AREA] > max(_ONE_SIDED_LARGEST * probability.size, _ONE_SIDED_LEAST)
    is_large[0] = False
    mean = np.bincount(labels.ravel(), away.ravel()) / stats[:, cv2.CC_STAT_AREA]
    is_large &= mean < _PLAIN
    return np.where(is_large[labels], np.minimum(probability, _EVEN_ODDS - 1), probability).astype(np.uint8)
