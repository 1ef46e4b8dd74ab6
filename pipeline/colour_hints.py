"""What a person says of colours: points and reference pictures, in files of the reel's `hints/`.

`hints/shot-0003.json` is named after the shot as it was when the hint was given, to be found by a person.
What counts are the frames in it, which are the reel's own numbers: a hint belongs to the shot that holds its
frame now, so that a list of shots that was edited loses none.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from PIL import ImageColor
from upath import UPath

from reelfix.io.documents import read_json, write_json
from reelfix.io.errors import StoreError
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot

FOLDER: Final = "hints"
RADIUS: Final = 5.0
"""Pixels about a point that surely have its colour, where nothing else is said."""

_NAME = re.compile(r"shot-(\d+)\.json", re.ASCII)


@dataclass(frozen=True)
class Span:
    """Frames `[start, stop)` of the reel: a shot, as it was when something was said of it."""

    start: int
    stop: int

    def is_of(self, shot: Shot) -> bool:
        """Say whether it means `shot`: it has most of the shot's frames, or the shot most of its."""
        common = min(self.stop, shot.stop) - max(self.start, shot.start)
        return 2 * common > min(self.stop - self.start, shot.frame_count)


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

    def of(self, shot: Shot) -> "ColourHints":
        """Return those of one shot, in the order of time."""
        points = [point for point in self.points if shot.start <= point.frame < shot.stop]
        return ColourHints(
            tuple(sorted(points, key=lambda point: (point.frame, point.y, point.x))),
            tuple(reference for reference in self.references if reference.is_of(shot)),
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


@dataclass(frozen=True)
class HintFile:
    """One file of hints."""

    path: UPath
    hints: ColourHints = field(default_factory=ColourHints)

    def write(self) -> None:
        """Write it; remove it where nothing is left in it."""
        if not (self.hints.points or self.hints.references):
            self.path.unlink(missing_ok=True)
            return
        write_json(self.path, _to_json(self.hints))


def hint_files(reel: Reel) -> tuple[HintFile, ...]:
    """Read the reel's files of hints, in the order of their names.

    Raises UsageError for one that is not as it must be, saying what is wrong.
    """
    folder = reel.root / FOLDER
    if not folder.exists():
        return ()
    paths = sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=str)
    return tuple(HintFile(path, _read(reel, path)) for path in paths)


def hints_of(reel: Reel) -> ColourHints:
    """Return all hints of a reel; raises UsageError as `hint_files` does."""
    files = hint_files(reel)
    return ColourHints(
        tuple(point for file in files for point in file.hints.points),
        tuple(reference for file in files for reference in file.hints.references),
    )


def hint_file_of(reel: Reel, shot: Shot) -> HintFile:
    """Return the file that hints for `shot` are added to, empty where it is not there."""
    path = reel.root / FOLDER / f"{shot.name}.json"
    return next((file for file in hint_files(reel) if file.path.name == path.name), HintFile(path))


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


def _read(reel: Reel, path: UPath) -> ColourHints:
    try:
        content = read_json(path)
        unknown = set(content) - {"version", "points", "references"}
        if unknown:
            raise UsageError(f"there is no {min(unknown)!r} in a file of hints")
        points = tuple(_point(entry) for entry in content.get("points", ()))
        for point in points:
            check_point(reel, point)
        span = _span_of_name(reel.shots(), path.name)
        references = [_reference(path.parent, entry, span) for entry in content.get("references", ())]
    except (KeyError, TypeError, ValueError, AttributeError, StoreError) as error:
        raise UsageError(
            f"{path} is not as hints are written ({error!r}): a point has frame, x, y and color, a reference "
            "has picture. Mend it, or take it away."
        ) from error
    except UsageError as error:
        raise UsageError(f"{path}: {error} Mend it, or take it away.") from error
    return ColourHints(points, tuple(references))


def _point(entry: Mapping[str, Any]) -> PointHint:
    color = parse_color(str(entry["color"]))
    radius = float(entry.get("radius", RADIUS))
    return PointHint(int(entry["frame"]), int(entry["x"]), int(entry["y"]), color, radius)


def _reference(folder: UPath, entry: Mapping[str, Any], span: Span | None) -> ReferenceHint:
    name, frame = str(entry["picture"]), entry.get("frame")
    if "frames" in entry:
        start, stop = entry["frames"]
        span = Span(int(start), int(stop))
    if "/" in name or not (folder / name).exists():
        raise UsageError(f"there is no picture {name} beside it.")
    if span is None:
        raise UsageError(f"the reference {name} says no frames, and there is no shot of the file's number.")
    sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return ReferenceHint(name, sha256, span, None if frame is None else int(frame))


def _span_of_name(shots: Sequence[Shot], name: str) -> Span | None:
    """The frames of the shot that a file is named after, in the list as it is now."""
    match = _NAME.fullmatch(name)
    number = int(match[1]) if match else 0
    return next((Span(shot.start, shot.stop) for shot in shots if shot.number == number), None)


def _to_json(hints: ColourHints) -> dict[str, Any]:
    points = [
        {"frame": point.frame, "x": point.x, "y": point.y, "color": point.color, "radius": point.radius}
        for point in hints.points
    ]
    references = [
        {
            "picture": reference.picture,
            "frame": reference.frame,
            "frames": [reference.span.start, reference.span.stop],
        }
        for reference in hints.references
    ]
    return {"version": 1, "points": points, "references": references}
