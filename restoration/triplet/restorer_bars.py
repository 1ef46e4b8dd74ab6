"""The artist's track bars of the compact nets, and where they stand unless moved."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Bars:
    """How far each kind of damage is taken out by the nets: 0 leaves it as it is, 1 takes all they can tell.

    In the order of `compact.BARS`. These defaults are those of the stage `restore` too.
    """

    denoise: float = 0.7
    """Grain and noise."""
    sharpness: float = 0.5
    """Blur of lens, motion and copying."""
    contrast: float = 0.0
    """Fading: blacks that went gray, whites that went dark."""
    scratches: float = 1.0
    """Marks that `detect` found: how far they are filled, and what is left of them and of their filling."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} = {value} must be in [0, 1]: 0 leaves the picture as it is.")

    def times(self, strength: float) -> tuple[float, ...]:
        """Return what the nets are given at a stage's `strength`, in [0, 1]: each bar's share of it."""
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"{strength = } must be in [0, 1]: 0 leaves the picture as it is.")
        return tuple(strength * value for value in astuple(self))
