"""The odds that a line is a hair in the gate, from the evidence for it: a small net, learned."""

import json
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from reelfix.restoration.dirt_judge import Net
from reelfix.restoration.hair_evidence import Values

WEIGHTS = "weights/hairs.json"
"""The weights' file in this package; its `card` says of what it was made."""


def hair_odds(evidence: Values) -> npt.NDArray[np.float64]:
    """Log odds (n,) of lines with `evidence` (EVIDENCE, n)."""
    return _trained().log_odds(evidence.astype(np.float64))


@cache
def _trained() -> Net:
    return Net.parse(json.loads(files("reelfix.restoration").joinpath(WEIGHTS).read_text()))
