"""What marks are laid on: the clip's shape, the film's gauge, the shapes at hand, and the whole picture."""

from dataclasses import dataclass

from reelfix.restoration.damage.shapes import Shapes


@dataclass(frozen=True)
class Whole:
    """The whole picture that a clip is a part of: what lies at its edges and corners is placed by it."""

    height: int
    width: int
    top: int = 0
    """The clip's first line, counted from the whole picture's."""
    left: int = 0
    """The clip's first column."""


@dataclass(frozen=True)
class Surface:
    """A film's surface under the pixels of a clip."""

    frames: int
    height: int
    width: int
    film_height_mm: float
    """Height of the clip on the film: the smaller, the larger dust looks."""
    shapes: Shapes | None = None
    """True shapes; None for drawn ones."""
    part_of: Whole | None = None
    """None where the clip is the whole picture."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, H, W)."""
        return self.frames, self.height, self.width

    @property
    def whole(self) -> Whole:
        """The whole picture."""
        return self.part_of or Whole(self.height, self.width)

    @property
    def pixels_per_mm(self) -> float:
        """Pixels of the picture to a millimetre of film."""
        return self.height / self.film_height_mm
