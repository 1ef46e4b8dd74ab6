"""The odds that a line is a hair in the gate, from the evidence for it: a small net, learned."""

from functools import cache

import numpy as np
import numpy.typing as npt

from reelfix.restoration.dirt_judge import Net
from reelfix.restoration.hair_evidence import Values
from reelfix.restoration.models.weights import load_document

WEIGHTS = "hairs"
"""The weights' name; their card says of what they were made."""


def hair_odds(evidence: Values) -> npt.NDArray[np.float64]:
    """Log odds (n,) of lines with `evidence` (EVIDENCE, n)."""
    return _trained().log_odds(evidence.astype(np.float64))


@cache
def _trained() -> Net:
    return Net.parse(load_document(WEIGHTS))
