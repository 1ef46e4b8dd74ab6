"""What colours a shot of colour film has of its own: none, a tint, or those of nature."""

from dataclasses import dataclass
from typing import Literal

import torch

from reelfix.restoration.colour.tint import FAINTEST, Tint, mean_chroma, tint_of


@dataclass(frozen=True)
class FilmColours:
    """The colours of a shot, as they were filmed or dyed."""

    kind: Literal["none", "tint", "natural"]
    tint: Tint | None = None
    """Where that is what it has."""


def film_colours_of(
    frames: torch.Tensor, *, red_weight: float = 0.299, blue_weight: float = 0.114
) -> FilmColours:
    """Recognise them in a handful of a shot's `frames`, (T, 3, H, W) in [0, 1]; weights as those of luma."""
    if mean_chroma(frames, red_weight=red_weight, blue_weight=blue_weight) < FAINTEST:
        return FilmColours("none")
    tint = tint_of(frames, red_weight=red_weight, blue_weight=blue_weight)
    return FilmColours("natural") if tint is None else FilmColours("tint", tint)
