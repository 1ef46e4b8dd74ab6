"""What a person says of a shot's colours as a whole: a picture that has them, and how colourful they are."""

from dataclasses import dataclass
from typing import Final

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.spans import Span

STRENGTH: Final = 0.5
"""How far a palette is followed where nothing else is said."""


@dataclass(frozen=True)
class PaletteHint:
    """A picture whose colours a shot shall have as a whole, wherever they are in it."""

    picture: str
    """Name of a PNG in `hints/`."""
    sha256: str
    span: Span
    """The shot it is for."""
    strength: float = STRENGTH
    """How far it is followed, in [0, 1]."""


@dataclass(frozen=True)
class SaturationHint:
    """How colourful a shot shall be."""

    value: float
    """Mean of HSV's saturation, weighed by its value, in [0, 1]: 0 gray; photographs have 0.12 (pale) to 0.46
    (vivid)."""
    span: Span


def check_strength(strength: float) -> None:
    """Raise UsageError for a strength that no palette can have."""
    if not 0 <= strength <= 1:
        raise UsageError(
            f"a strength of {strength:g} is not allowed: from 0, which leaves the net's colours as they are, "
            "to 1, which takes the picture's as far as can be."
        )


def check_saturation(value: float) -> None:
    """Raise UsageError for a saturation that no picture can have."""
    if not 0 <= value <= 1:
        raise UsageError(
            f"a saturation of {value:g} is not allowed: it is the mean over the picture, from 0 (gray) to 1; "
            "photographs have 0.12 (pale) to 0.46 (vivid)."
        )
