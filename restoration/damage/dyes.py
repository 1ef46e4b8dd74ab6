"""Fading of dyes: each colour layer of a print or reversal film loses density at a rate of its own."""

from dataclasses import dataclass

import torch

_DARKEST = 0.02
"""Code value of the most density that a layer has."""


@dataclass(frozen=True)
class DyeFading:
    """What share of its density each layer has lost.

    The cyan layer holds back red light, the magenta one green, the yellow one blue: of a print whose cyan is
    gone red is left, of one without yellow (older reversal films, kept in light) blue is.
    """

    cyan: float = 0.45
    magenta: float = 0.10
    yellow: float = 0.25
    """In [0, 1)."""
    stain: float = 0.06
    """Density that the base and the residues gain for blue light; a third of it for green."""


def dyes_faded(settings: DyeFading, frames: torch.Tensor) -> torch.Tensor:
    """Return colour frames (T, 3, H, W) in [0, 1] as faded; gray ones as they are.

    Densities are those of the code values, D = -log10(x): a layer that lost the share l keeps (1 - l) D, so
    that x becomes x ** (1 - l). The display's gamma scales D alike on both sides and drops out.
    """
    if frames.shape[1] != 3:
        return frames
    losses = (settings.cyan, settings.magenta, settings.yellow)
    kept = 1 - frames.new_tensor(losses)[:, None, None]
    base = 10 ** -frames.new_tensor((0.0, settings.stain / 3, settings.stain))[:, None, None]
    return frames.clamp_min(_DARKEST).pow(kept) * base
