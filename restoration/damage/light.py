"""Light that falls unevenly on every frame alike: vignetting, and an uneven field."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.surface import Surface


@dataclass(frozen=True)
class Vignette:
    """The lens's light falls off towards the corners."""

    fall: float = 0.35
    """Fraction of the light that is lost in a corner."""
    power: float = 2.5
    """Of the distance from the middle: 2 falls off from the middle on, 5 only near the corners."""
    offset: float = 0.05
    """Standard deviation of its middle's place, as a fraction of the picture's height."""
    width: float = 1.0
    """Its reach sideways over its reach up and down, relative to the picture's own shape."""


@dataclass(frozen=True)
class Uneven:
    """Lamp, printer and development were uneven: a smooth field of gains that stays."""

    gain: float = 0.10
    """Standard deviation of the gain's logarithm at the knots; held within twice that."""
    knots: tuple[int, int] = (3, 4)
    """Rows and columns of the grid that the field is interpolated from."""


def vignette_field(settings: Vignette, surface: Surface, random: np.random.Generator) -> Plane:
    """Draw a vignette's gains (H, W), 1 in its middle."""
    whole = surface.whole
    middle_y, middle_x = settings.offset * random.standard_normal(2)
    y = (np.arange(surface.height) + whole.top + 0.5) / whole.height - 0.5 - middle_y
    x = (np.arange(surface.width) + whole.left + 0.5) / whole.width - 0.5
    x -= middle_x * whole.height / whole.width
    squared = 2 * (y[:, None] ** 2 + (x[None] / settings.width) ** 2)  # 1 in a corner
    return np.asarray(1 - settings.fall * np.minimum(squared, 1.5) ** (settings.power / 2), dtype=np.float32)


def uneven_knots(settings: Uneven, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw the logarithms of the gains at the knots, (rows, columns)."""
    knots = settings.gain * np.clip(random.standard_normal(settings.knots), -2, 2)
    # The exposure is set for where most light falls: the rest is too dark, rather than this burnt out.
    return np.asarray(knots - 0.7 * knots.max(), dtype=np.float32)
