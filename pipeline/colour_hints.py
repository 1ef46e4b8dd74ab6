"""What a person says of colours: points, pictures, palettes, in files of the reel's `hints/`.

`hints/shot-0003.json` is named after the shot as it was when the hint was given, to be found by a person.
What counts are the frames in it, which are the reel's own numbers: a hint belongs to the shot that holds its
frame now, so that a list of shots that was edited loses none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PIL import ImageColor

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.palette_hints import PaletteHint, SaturationHint
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.spans import Span

FOLDER: Final = "hints"
RADIUS: Final = 5.0
"""Pixels about a point that surely have its colour, where nothing else is said."""


@dataclass(frozen=True)
class PointHint:
    """The colour of one place in one frame."""

    frame: int
    """Counted from the reel's first."""
    x: int
    """Pixel of the picture as stored, counted from its left and upper edge."""
    y: int
    color: str
    """`#7a5230`."""
    radius: float = RADIUS

    @property
    def rgb(self) -> tuple[float, float, float]:
        """Red, green and blue, in [0, 1]."""
        red, green, blue = (int(self.color[place : place + 2], 16) / 255 for place in (1, 3, 5))
        return red, green, blue


@dataclass(frozen=True)
class ReferenceHint:
    """A picture in colour that a shot takes its colours from."""

    picture: str
    """Name of a PNG in `hints/`."""
    sha256: str
    span: Span
    """The shot it is for."""
    frame: int | None = None
    """The reel's frame that it is the colouring of; None: a picture of something alike."""

    @property
    def use(self) -> str:
        """What it is, in words."""
        return "any picture" if self.frame is None else f"colouring of frame {self.frame}"

    def is_of(self, shot: Shot) -> bool:
        """Say whether it is for `shot`."""
        if self.frame is not None:
            return shot.start <= self.frame < shot.stop
        return self.span.is_of(shot)


@dataclass(frozen=True)
class ColourHints:
    """All hints of a reel."""

    points: tuple[PointHint, ...] = ()
    references: tuple[ReferenceHint, ...] = ()
    palettes: tuple[PaletteHint, ...] = ()
    saturations: tuple[SaturationHint, ...] = ()

    def of(self, shot: Shot) -> "ColourHints":
        """Return those of one shot, in the order of time."""
        points = [point for point in self.points if shot.start <= point.frame < shot.stop]
        return ColourHints(
            tuple(sorted(points, key=lambda point: (point.frame, point.y, point.x))),
            tuple(reference for reference in self.references if reference.is_of(shot)),
            tuple(palette for palette in self.palettes if palette.span.is_of(shot)),
            tuple(saturation for saturation in self.saturations if saturation.span.is_of(shot)),
        )

    def points_on(self, frame: int) -> tuple[PointHint, ...]:
        """Return the points of one of the reel's frames."""
        return tuple(point for point in self.points if point.frame == frame)

    def colouring_of(self, frame: int) -> ReferenceHint | None:
        """Return the colouring of one of the reel's frames, the last one given; None where there is none."""
        found = [reference for reference in self.references if reference.frame == frame]
        return found[-1] if found else None

    @property
    def frames(self) -> tuple[int, ...]:
        """The reel's frames that have points or a colouring, in order."""
        coloured = {reference.frame for reference in self.references if reference.frame is not None}
        return tuple(sorted({point.frame for point in self.points} | coloured))


def parse_color(text: str) -> str:
    """Return a colour as `#rrggbb`; raises UsageError for what names none."""
    try:
        red, green, blue = ImageColor.getrgb(text.strip())[:3]
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a colour; write it like '#7a5230', 'rgb(122, 82, 48)' or 'saddlebrown'."
        ) from error
    return f"#{red:02x}{green:02x}{blue:02x}"


def check_point(reel: Reel, point: PointHint) -> None:
    """Raise UsageError for a point on a frame or at a place that the reel has not."""
    clip = reel.clip
    if not 0 <= point.frame < reel.info.frame_count:
        raise UsageError(f"frame {point.frame} is none of this reel's, 0-{reel.info.frame_count - 1}.")
    if not (0 <= point.x < clip.width and 0 <= point.y < clip.height):
        raise UsageError(
            f"{point.x},{point.y} is outside the picture: x is 0-{clip.width - 1}, y 0-{clip.height - 1}, "
            "in pixels of the film as stored."
        )
    if not 0 < point.radius <= max(clip.width, clip.height):
        raise UsageError(
            f"a radius of {point.radius:g} pixels is not allowed: more than 0, at most the picture."
        )


def shot_at(shots: Iterable[Shot], frame: int) -> Shot:
    """Return the shot that holds a frame; raises UsageError for a frame that none does."""
    for shot in shots:
        if shot.start <= frame < shot.stop:
            return shot
    raise UsageError(f"frame {frame} is in no shot of this reel.")
