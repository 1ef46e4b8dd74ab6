"""The odds that an upright ridge is a scratch, from the evidence at a place, and from the traits of a piece.

A place's odds come from a small regression net (one layer of 12 hyperbolic tangents), those of a piece, which
weighs its places, its looks and what the frames next to it say, from a logistic regression. Both were fitted
to true scratches (strokes of real ones, drawn out and laid over clips of natural motion, light and heavy
grain, steady and woven), and to the same clips and four old films without. Logits: 0 for even odds.
"""

import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.scratch_evidence import FEATURES
from reelfix.restoration.scratch_weights import HIDDEN, HIDDEN_BIAS, OUT, OUT_BIAS, PIECE, PIECE_BIAS

_AGREED, _SETTLED = 0.8, 25.0
"""What most frames show in the scene's place, by more than this share, is the scene's: logits for a whole."""


def place_odds(evidence: Plane) -> Plane:
    """Logits (n,) of places with `evidence` (n, FEATURES)."""
    hidden = np.tanh(inputs(evidence) @ HIDDEN.T + HIDDEN_BIAS)
    settled = evidence[:, FEATURES.index("settled")]
    return np.asarray(hidden @ OUT + OUT_BIAS - _SETTLED * _beyond(settled, _AGREED), np.float32)


def piece_odds(traits: Plane) -> Plane:
    """Logits (n,) of pieces with `traits` (n, TRAITS)."""
    return np.asarray(traits @ PIECE + PIECE_BIAS, np.float32)


def inputs(evidence: Plane) -> Plane:
    """What the net is fed with (n, inputs): evidence by itself, beyond bends, and some of it in pairs."""
    of = dict(zip(FEATURES, evidence.T, strict=True))
    tall = np.maximum(of["tall"], 0.05)
    moved = np.minimum(of["moved"], 4)
    misfit = np.log(of["misfit"] + 0.05)
    crossing = np.log(of["crossing"] + 0.01)
    terms = (
        np.log(tall),
        _beyond(tall, 1.2),
        of["scene"],
        of["worst"],
        _beyond(of["worst"], 0.55),
        _beyond(of["worst"], 0.75),
        of["even"],
        _beyond(of["even"], 0.6),
        _beyond(of["even"], 0.8),
        of["gate"],
        _beyond(of["gate"], 0.6),
        of["near"],
        of["shown"],
        moved,
        of["gate"] * moved,
        of["near"] * moved,
        of["even"] * moved,
        np.minimum(of["away"], 8),
        misfit,
        misfit * of["worst"],
        np.log(np.clip(of["narrow"], 0.05, 1.2)),
        _beyond(of["narrow"], 0.5),
        np.log(np.maximum(of["width"], 0.5)),
        _beyond(of["width"], 4),
        of["extent"],
        crossing,
        of["extent"] * crossing,
        of["steady"],
        np.log(of["alone"] + 0.02),
        of["shown"] - of["worst"],
        of["recent"],
        of["first"],
        np.minimum(of["uneven"], 3),
        of["filled"],
        of["near"] - np.maximum(of["worst"], of["even"]),
    )
    return np.stack(terms, axis=1).astype(np.float32)


def _beyond(values: Plane, bend: float) -> Plane:
    return np.asarray(np.maximum(values - bend, 0))
