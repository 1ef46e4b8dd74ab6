"""Adding hints and reference pictures to a reel, and dropping them."""

import hashlib
from dataclasses import replace

from upath import UPath

from reelfix.io.documents import write_bytes
from reelfix.io.storage import Location, as_path
from reelfix.pipeline.colour_hints import (
    FOLDER,
    RADIUS,
    PointHint,
    ReferenceHint,
    check_point,
    parse_color,
    shot_at,
)
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.hint_files import hint_file_of, hint_files, hints_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.reference_pictures import as_png, check_colours, decoded_rgb
from reelfix.pipeline.shots import Shot, select
from reelfix.pipeline.spans import Span


def add_point(
    reel: Reel,
    frame: int,
    place: tuple[int, int],
    color: str,
    *,
    shot: int | None = None,
    radius: float = RADIUS,
) -> tuple[Shot, PointHint]:
    """Say the colour of a `place` (x, y) in one of the reel's frames; returns the shot it belongs to.

    A point at the same place is replaced. Raises UsageError for a frame that the reel, or the `shot` named,
    has not, a place outside the picture, and a colour that is none.
    """
    point = PointHint(frame, *place, parse_color(color), radius)
    check_point(reel, point)
    holder = _holder(reel, frame, shot)
    for file in hint_files(reel):
        kept = tuple(
            entry for entry in file.hints.points if (entry.frame, entry.x, entry.y) != (frame, *place)
        )
        if kept != file.hints.points:
            replace(file, hints=replace(file.hints, points=kept)).write()
    file = hint_file_of(reel, holder)
    replace(file, hints=replace(file.hints, points=(*file.hints.points, point))).write()
    return holder, point


def drop_points(
    reel: Reel, *, frame: int | None = None, place: tuple[int, int] | None = None, shot: int | None = None
) -> tuple[PointHint, ...]:
    """Take points out of the reel: those of a frame, at a place of it, or all of a shot; returns them.

    Raises UsageError where there is none such.
    """
    holder = select(reel.shots(), str(shot))[0] if shot is not None else None

    def is_meant(point: PointHint) -> bool:
        return (
            (frame is None or point.frame == frame)
            and (place is None or (point.x, point.y) == place)
            and (holder is None or holder.start <= point.frame < holder.stop)
        )

    dropped = tuple(point for point in hints_of(reel).points if is_meant(point))
    if not dropped:
        raise UsageError("there is no such point. `reelfix hint list` shows those there are.")
    for file in hint_files(reel):
        kept = tuple(point for point in file.hints.points if not is_meant(point))
        if kept != file.hints.points:
            replace(file, hints=replace(file.hints, points=kept)).write()
    return dropped


def add_reference(
    reel: Reel, picture: Location, *, shot: int | None = None, frame: int | None = None
) -> tuple[Shot, ReferenceHint]:
    """Copy a picture in colour into the reel: of anything for a `shot`, or the colouring of a `frame`.

    Returns the shot it belongs to. A frame's colouring must have its size; one that it has already is
    replaced. Raises UsageError for a frame that the reel or the shot has not, and a picture that cannot be
    read, has another size, or no colours.
    """
    if shot is None and frame is None:
        raise UsageError("a reference is for a shot, a frame or both: say --shot, --frame or both.")
    holder = select(reel.shots(), str(shot))[0] if frame is None else _holder(reel, frame, shot)
    content = as_png(as_path(picture).read_bytes(), str(picture))
    pixels = decoded_rgb(content, str(picture))
    check_colours(pixels, str(picture))
    clip = reel.clip
    if frame is not None and pixels.shape[:2] != (clip.height, clip.width):
        raise UsageError(
            f"{picture} is {pixels.shape[1]}x{pixels.shape[0]}: the colouring of a frame must be as large as "
            f"the reel's frames, {clip.width}x{clip.height}. Without --frame, it may be of any size."
        )
    digest = hashlib.sha256(content).hexdigest()
    name = f"{holder.name}.{'still' if frame is None else f'frame-{frame}'}.{digest[:8]}.png"
    added = ReferenceHint(name, digest, Span(holder.start, holder.stop), frame)
    write_bytes(reel.root / FOLDER / name, content)
    for file in hint_files(reel):
        old = [entry for entry in file.hints.references if _same_use(entry, added)]
        if old:
            _without(reel, [entry.picture for entry in old if entry.picture != name])
            kept = tuple(entry for entry in file.hints.references if entry not in old)
            replace(file, hints=replace(file.hints, references=kept)).write()
    file = hint_file_of(reel, holder)
    replace(file, hints=replace(file.hints, references=(*file.hints.references, added))).write()
    return holder, added


def drop_reference(reel: Reel, name: str) -> ReferenceHint:
    """Take one reference out of the reel, and its picture; raises UsageError for a name there is not."""
    known = [reference for reference in hints_of(reel).references if reference.picture == name]
    if not known:
        names = ", ".join(reference.picture for reference in hints_of(reel).references) or "none"
        raise UsageError(f"there is no reference {name!r}. There are: {names}.")
    for file in hint_files(reel):
        kept = tuple(entry for entry in file.hints.references if entry.picture != name)
        if kept != file.hints.references:
            replace(file, hints=replace(file.hints, references=kept)).write()
    _without(reel, [name])
    return known[0]


def _holder(reel: Reel, frame: int, number: int | None) -> Shot:
    """The shot that holds a frame, which must be that of the number, where one is given."""
    shots = reel.shots()
    if not 0 <= frame < reel.info.frame_count:
        raise UsageError(f"frame {frame} is none of this reel's, 0-{reel.info.frame_count - 1}.")
    holder = shot_at(shots, frame)
    if number is not None:
        (named,) = select(shots, str(number))
        if named != holder:
            raise UsageError(
                f"frame {frame} is in shot {holder.number}, not in shot {number}, whose frames are "
                f"{named.start}-{named.stop - 1}: frames are counted through the whole reel."
            )
    return holder


def _same_use(one: ReferenceHint, other: ReferenceHint) -> bool:
    """Whether two references cannot be both: colourings of one frame, or the same picture twice."""
    if one.frame is not None or other.frame is not None:
        return one.frame == other.frame
    return one.sha256 == other.sha256 and one.span == other.span


def _without(reel: Reel, names: list[str]) -> None:
    for name in names:
        path: UPath = reel.root / FOLDER / name
        path.unlink(missing_ok=True)
