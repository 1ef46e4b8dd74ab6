"""What a person, and the scene, say of a shot's colours."""

from dataclasses import dataclass

import torch

from reelfix.restoration.colour.palette import Palette


@dataclass(frozen=True)
class Point:
    """A colour given at one place of one frame."""

    frame: int
    """Frame of the shot, counted from its first."""
    x: float
    """In pixels of the full picture, from its left edge; 0.5 is the middle of the first pixel."""
    y: float
    rgb: tuple[float, float, float]
    """R', G', B' in [0, 1]; its lightness is of no account."""
    radius: float
    """Pixels around the place that surely have the colour."""


@dataclass(frozen=True)
class Reference:
    """A picture in colour that the shot is to take its colours from."""

    rgb: torch.Tensor
    """float32 (3, h, w) in [0, 1], of any size; of the frame's shape where it is the colouring of one."""
    frame: int | None
    """The frame of the shot whose colouring this is; None: any picture, things alike take its colours."""


@dataclass(frozen=True)
class Exemplar:
    """A frame of the shot's scene that is coloured first, and that every shot of the scene is coloured after.

    The same exemplars with the same hints, in the same order, take the same colours for every shot.
    """

    luma: torch.Tensor
    """float32 (1, H, W) in [0, 1]: the frame before any stage, the same for all shots of the scene."""
    frame: int | None
    """Which frame of this shot it is; None: of another shot of the scene."""
    points: tuple[Point, ...] = ()
    """The points given on it; their `frame` is not looked at."""
    reference: torch.Tensor | None = None
    """Its colouring, float32 (3, h, w) in [0, 1], where there is one."""


@dataclass(frozen=True)
class Guides:
    """All that is known of a shot's colours beforehand."""

    points: tuple[Point, ...] = ()
    """Those given on frames of this shot. Each such frame must be among the exemplars, with its points."""
    references: tuple[Reference, ...] = ()
    """Colourings of this shot's frames, and pictures (`frame` None) that exemplars take colours from."""
    exemplars: tuple[Exemplar, ...] = ()
    saturation: float = 1.0
    """How strong colours are made: 0 gray, 1 as the net has them."""
    palette: Palette | None = None
    """What colours the shot shall have as a whole; an exemplar is needed to measure on."""
    mean_saturation: float | None = None
    """How saturated the shot shall be (`colour_statistics.shown_saturation`), in [0, 1], before `saturation`
    multiplies it; likewise."""
