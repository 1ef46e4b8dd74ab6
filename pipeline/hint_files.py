"""The reel's files of hints: `hints/shot-0003.json`, with their pictures beside them."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from upath import UPath

from reelfix.io.documents import read_json, write_json
from reelfix.io.errors import StoreError
from reelfix.pipeline.colour_hints import (
    FOLDER,
    RADIUS,
    ColourHints,
    PointHint,
    ReferenceHint,
    check_point,
    parse_color,
)
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.palette_hints import (
    STRENGTH,
    PaletteHint,
    SaturationHint,
    check_saturation,
    check_strength,
)
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.spans import Span

_NAME = re.compile(r"shot-(\d+)\.json", re.ASCII)


@dataclass(frozen=True)
class HintFile:
    """One file of hints."""

    path: UPath
    hints: ColourHints = field(default_factory=ColourHints)

    def write(self) -> None:
        """Write it; remove it where nothing is left in it."""
        if self.hints == ColourHints():
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
        tuple(palette for file in files for palette in file.hints.palettes),
        tuple(saturation for file in files for saturation in file.hints.saturations),
    )


def hint_file_of(reel: Reel, shot: Shot) -> HintFile:
    """Return the file that hints for `shot` are added to, empty where it is not there."""
    path = reel.root / FOLDER / f"{shot.name}.json"
    return next((file for file in hint_files(reel) if file.path.name == path.name), HintFile(path))


def _read(reel: Reel, path: UPath) -> ColourHints:
    try:
        content = read_json(path)
        unknown = set(content) - {"version", "points", "references", "palettes", "saturations"}
        if unknown:
            raise UsageError(f"there is no {min(unknown)!r} in a file of hints")
        points = tuple(_point(entry) for entry in content.get("points", ()))
        for point in points:
            check_point(reel, point)
        span = _span_of_name(reel.shots(), path.name)
        references = [_reference(path.parent, entry, span) for entry in content.get("references", ())]
        palettes = [_palette(path.parent, entry, span) for entry in content.get("palettes", ())]
        saturations = [_saturation(entry, span) for entry in content.get("saturations", ())]
    except (KeyError, TypeError, ValueError, AttributeError, StoreError) as error:
        raise UsageError(
            f"{path} is not as hints are written ({error!r}): a point has frame, x, y and color, a reference "
            "and a palette have picture, a saturation has value. Mend it, or take it away."
        ) from error
    except UsageError as error:
        raise UsageError(f"{path}: {error} Mend it, or take it away.") from error
    return ColourHints(points, tuple(references), tuple(palettes), tuple(saturations))


def _point(entry: Mapping[str, Any]) -> PointHint:
    color = parse_color(str(entry["color"]))
    radius = float(entry.get("radius", RADIUS))
    return PointHint(int(entry["frame"]), int(entry["x"]), int(entry["y"]), color, radius)


def _reference(folder: UPath, entry: Mapping[str, Any], span: Span | None) -> ReferenceHint:
    name, frame = str(entry["picture"]), entry.get("frame")
    sha256 = _digest(folder, name)
    found = _span(entry, span, f"reference {name}")
    return ReferenceHint(name, sha256, found, None if frame is None else int(frame))


def _palette(folder: UPath, entry: Mapping[str, Any], span: Span | None) -> PaletteHint:
    name, strength = str(entry["picture"]), float(entry.get("strength", STRENGTH))
    check_strength(strength)
    sha256 = _digest(folder, name)
    return PaletteHint(name, sha256, _span(entry, span, f"palette {name}"), strength)


def _saturation(entry: Mapping[str, Any], span: Span | None) -> SaturationHint:
    value = float(entry["value"])
    check_saturation(value)
    return SaturationHint(value, _span(entry, span, f"saturation {value:g}"))


def _digest(folder: UPath, name: str) -> str:
    """SHA-256 of a picture beside the file."""
    if "/" in name or not (folder / name).exists():
        raise UsageError(f"there is no picture {name} beside it.")
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


def _span(entry: Mapping[str, Any], named: Span | None, what: str) -> Span:
    """The frames that an entry says, or those of the shot that the file is named after."""
    if "frames" in entry:
        start, stop = entry["frames"]
        return Span(int(start), int(stop))
    if named is None:
        raise UsageError(f"the {what} says no frames, and there is no shot of the file's number.")
    return named


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
    palettes = [
        {
            "picture": palette.picture,
            "strength": palette.strength,
            "frames": [palette.span.start, palette.span.stop],
        }
        for palette in hints.palettes
    ]
    saturations = [
        {"value": saturation.value, "frames": [saturation.span.start, saturation.span.stop]}
        for saturation in hints.saturations
    ]
    content: dict[str, Any] = {"version": 1, "points": points, "references": references}
    # What nobody said is not written: earlier versions read the file as well.
    return content | {
        name: entries for name, entries in (("palettes", palettes), ("saturations", saturations)) if entries
    }
