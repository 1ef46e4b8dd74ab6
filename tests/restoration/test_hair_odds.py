from typing import Any

import numpy as np

from reelfix.restoration.hair_evidence import EVIDENCE
from reelfix.restoration.hair_odds import WEIGHTS, hair_odds
from reelfix.restoration.models.weights import load_document


def document() -> dict[str, Any]:
    return load_document(WEIGHTS)


def test_the_weights_are_for_the_evidence() -> None:
    assert document()["evidence"] == list(EVIDENCE)
    assert len(document()["mean"]) == len(EVIDENCE)


SEEN = {
    "edge": (1.5, 0.15),
    "stays": (0.6, 0.98),
    "least": (0.3, 0.95),
    "both": (0.5, 0.97),
    "under": (0.4, 0.95),
    "under_least": (0.3, 0.95),
    "gone": (0.2, 0.8),
    "camera": (0.2, 0.8),
    "border": (0.5, -0.5),
    "contrast": (0.5, 1.8),
}
"""Evidence for a line of the scene's, and for a hair."""


def test_what_is_seen_of_hairs_speaks_for_one() -> None:
    lines = np.repeat(np.array(document()["mean"])[:, None], 2, axis=1)
    for name, values in SEEN.items():
        lines[EVIDENCE.index(name)] = values
    odds = hair_odds(lines)
    assert odds.shape == (2,)
    assert odds[0] < -2
    assert odds[1] > odds[0] + 2
