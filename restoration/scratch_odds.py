"""The odds that what stands upright in a frame is a scratch: three nets or regressions, learned.

Of a place, from the evidence there; of a piece, from its places, its looks and what the frames next to it
say of them; of a piece as one of a scratch that runs through frames, from those odds and its links.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.models.weights import load_document
from reelfix.restoration.scratch_evidence import FEATURES
from reelfix.restoration.scratch_links import ANSWER, LONGEST
from reelfix.restoration.scratch_trace import TRAITS, Piece

WEIGHTS = "scratch"
"""The weights' name. `bin/bench scratch --train` makes them; their card says of what."""

_AGREED, _SETTLED = 0.8, 25.0
"""What most frames show in the scene's place, by more than this share, is the scene's: logits for a whole."""


_SHORT, _LONE = 1.5, 0.4
"""What is short, and what few other frames have, is rather of the scene: logits a unit."""
_ANSWERED = 1.0


@dataclass(frozen=True)
class Layer:
    """A linear layer: `weights` (outputs, inputs), `biases` (outputs,), float32."""

    weights: Plane
    biases: Plane

    def __call__(self, values: Plane) -> Plane:
        """Values (n, inputs) to (n, outputs)."""
        # Not BLAS: the order of its sums, and so the last bit, may change with the number of threads.
        return np.asarray(np.einsum("ni,oi->no", values, self.weights, optimize=False) + self.biases)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "Layer":
        """Read a layer from its JSON document."""
        return cls(np.array(document["weights"], np.float32), np.array(document["biases"], np.float32))


@dataclass(frozen=True)
class Odds:
    """What was learned. All odds are logits, 0 for even."""

    hidden: Layer
    place: Layer
    piece: Layer
    linked: Layer

    def of_places(self, evidence: Plane) -> Plane:
        """Odds (n,) of places with `evidence` (n, FEATURES)."""
        settled = evidence[:, FEATURES.index("settled")]
        learned = self.place(np.tanh(self.hidden(inputs(evidence))))[:, 0]
        return np.asarray(learned - _SETTLED * _beyond(settled, _AGREED), np.float32)

    def of_pieces(self, pieces: Sequence[Piece]) -> Plane:
        """Odds (n,) of pieces, each by itself."""
        traits = np.array([piece.traits for piece in pieces], np.float32).reshape(-1, TRAITS)
        return self.piece(traits)[:, 0]

    def of_links(self, odds: Plane, links: Plane) -> Plane:
        """Odds (n,) of pieces with odds (n,) by themselves and `links` (n, LINKS)."""
        learned = self.linked(np.column_stack([odds, links]).astype(np.float32))[:, 0]
        lone = np.maximum(_ANSWERED - links[:, ANSWER], 0)
        return np.asarray(learned + _SHORT * links[:, LONGEST] - _LONE * lone, np.float32)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "Odds":
        """Read what was learned from its JSON document."""
        return cls(*(Layer.parse(document[name]) for name in ("hidden", "place", "piece", "linked")))


@cache
def trained_odds() -> Odds:
    """Load what comes with the package."""
    return Odds.parse(load_document(WEIGHTS))


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
