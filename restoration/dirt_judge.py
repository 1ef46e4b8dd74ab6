"""The judge of dirt: two small nets, learned, that weigh evidence; of a blotch, then of its pixels."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from reelfix.restoration.blotches import Values
from reelfix.restoration.models.weights import load_document

WEIGHTS = "dirt"
"""The weights' name. `bin/bench dirt --train` makes them; their card says of what."""

_FAR = 4.0  # deviations from its mean beyond which a piece of evidence says no more


@dataclass(frozen=True)
class Net:
    """A perceptron: evidence is standardised, goes through layers of tanh, and comes out as log odds."""

    mean: Values
    """(k,): mean of each piece of evidence."""
    deviation: Values
    """(k,): its standard deviation."""
    layers: tuple[tuple[Values, Values], ...]
    """Weights (outputs, inputs) and biases (outputs,) of each; the last has one output."""

    def log_odds(self, evidence: Values) -> Values:
        """Log odds (n,) of evidence (k, n)."""
        signal = np.clip((evidence - self.mean[:, None]) / self.deviation[:, None], -_FAR, _FAR)
        for number, (weights, biases) in enumerate(self.layers):
            if number:
                signal = np.tanh(signal)
            # Not BLAS: the order of its sums, and so the last bit, may change with the number of threads.
            signal = np.einsum("oi,in->on", weights, signal, optimize=False) + biases[:, None]
        return np.asarray(signal[0], dtype=np.float64)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "Net":
        """Read a net from its JSON document."""
        layers = ((np.array(layer["weights"]), np.array(layer["biases"])) for layer in document["layers"])
        return cls(np.array(document["mean"]), np.array(document["deviation"]), tuple(layers))


@dataclass(frozen=True)
class Judge:
    """The nets of blotches and of pixels."""

    blotches: Net
    pixels: Net

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "Judge":
        """Read a judge from its JSON document."""
        return cls(Net.parse(document["blotches"]), Net.parse(document["pixels"]))


@cache
def trained_judge() -> Judge:
    """Load the judge that comes with the package."""
    return Judge.parse(load_document(WEIGHTS))
