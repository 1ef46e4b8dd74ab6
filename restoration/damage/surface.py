"""What marks are laid on: the clip's shape, the film's gauge, and the shapes at hand."""

from dataclasses import dataclass

from reelfix.restoration.damage.shapes import Shapes


@dataclass(frozen=True)
class Surface:
    """A film's surface under the pixels of a clip."""

    frames: int
    height: int
    width: int
    film_height_mm: float
    """Height of the picture on the film: the smaller, the larger dust looks."""
    shapes: Shapes | None = None
    """True shapes; None for drawn ones."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, H, W)."""
        return self.frames, self.height, self.width

    @property
    def pixels_per_mm(self) -> float:
        """Pixels of the picture to a millimetre of film."""
        return self.height / self.film_height_mm
