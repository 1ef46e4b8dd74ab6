"""Saying what colours a shot shall have as a whole, and taking it back."""

import hashlib
from dataclasses import replace

from reelfix.io.documents import write_bytes
from reelfix.io.storage import Location, as_path
from reelfix.pipeline.colour_hints import FOLDER, ColourHints
from reelfix.pipeline.colour_hints_edit import drop_points
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.hint_files import hint_file_of, hint_files, hints_of
from reelfix.pipeline.palette_hints import (
    STRENGTH,
    PaletteHint,
    SaturationHint,
    check_saturation,
    check_strength,
)
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.reference_pictures import as_png, check_colours, decoded_rgb
from reelfix.pipeline.shots import Shot, select
from reelfix.pipeline.spans import Span


def set_palette(
    reel: Reel, picture: Location, shot: int, *, strength: float = STRENGTH
) -> tuple[Shot, PaletteHint]:
    """Copy a picture into the reel whose colours a shot shall have as a whole, instead of one it has.

    Raises UsageError for a shot there is not, a picture that cannot be read or has no colours, and a strength
    that is not in [0, 1].
    """
    check_strength(strength)
    (holder,) = select(reel.shots(), str(shot))
    path = as_path(picture)
    if not path.is_file():
        raise UsageError(f"there is no file {picture}. Name a picture in colour, a PNG or a JPEG.")
    content = as_png(path.read_bytes(), str(picture))
    check_colours(decoded_rgb(content, str(picture)), str(picture), "palette")
    digest = hashlib.sha256(content).hexdigest()
    added = PaletteHint(
        f"{holder.name}.palette.{digest[:8]}.png", digest, Span(holder.start, holder.stop), strength
    )
    _take_out(reel, ColourHints(palettes=hints_of(reel).of(holder).palettes))
    write_bytes(reel.root / FOLDER / added.picture, content)
    file = hint_file_of(reel, holder)
    replace(file, hints=replace(file.hints, palettes=(*file.hints.palettes, added))).write()
    return holder, added


def set_saturation(reel: Reel, value: float, shot: int) -> tuple[Shot, SaturationHint]:
    """Say how colourful a shot shall be, instead of what was said before.

    Raises UsageError for a shot there is not and a value that is not in [0, 1].
    """
    check_saturation(value)
    (holder,) = select(reel.shots(), str(shot))
    added = SaturationHint(value, Span(holder.start, holder.stop))
    _take_out(reel, ColourHints(saturations=hints_of(reel).of(holder).saturations))
    file = hint_file_of(reel, holder)
    replace(file, hints=replace(file.hints, saturations=(*file.hints.saturations, added))).write()
    return holder, added


def drop_from_shot(reel: Reel, shot: int, *, points: bool, palette: bool, saturation: bool) -> ColourHints:
    """Take out of the reel what is said of a shot, of the kinds named, and return it; references stay.

    Raises UsageError where nothing is.
    """
    (holder,) = select(reel.shots(), str(shot))
    own = hints_of(reel).of(holder)
    dropped = ColourHints(
        points=drop_points(reel, shot=shot) if points and own.points else (),
        palettes=own.palettes if palette else (),
        saturations=own.saturations if saturation else (),
    )
    if dropped == ColourHints():
        raise UsageError(f"nothing such is said of shot {shot}. `reelfix hint list` shows what is.")
    _take_out(reel, dropped)
    return dropped


def _take_out(reel: Reel, dropped: ColourHints) -> None:
    """Take palettes and saturations out of the files that hold them; pictures that none needs go as well."""
    for file in hint_files(reel):
        kept = replace(
            file.hints,
            palettes=tuple(each for each in file.hints.palettes if each not in dropped.palettes),
            saturations=tuple(each for each in file.hints.saturations if each not in dropped.saturations),
        )
        if kept != file.hints:
            replace(file, hints=kept).write()
    used = {palette.picture for palette in hints_of(reel).palettes}
    for palette in dropped.palettes:
        if palette.picture not in used:
            (reel.root / FOLDER / palette.picture).unlink(missing_ok=True)
