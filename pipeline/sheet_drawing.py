"""A contact sheet: one picture that says what was done to a shot, readable at arm's length."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from reelfix.pipeline.sheet_chart import FAINT, GROUND, INK, PANEL, Series, draw_chart, font
from reelfix.pipeline.sheet_measure import ShotMeasure
from reelfix.pipeline.sheet_tiles import DIRT_COLOUR, SCRATCH_COLOUR, Tile

COLUMN_WIDTH = 460
_COLUMNS = 4
_MARGIN, _GAP, _LABEL_WIDTH = 24, 10, 150
_CHART_HEIGHT = 250
_BEFORE, _AFTER = (240, 168, 64), (120, 220, 140)
_RED = (255, 110, 96)


@dataclass(frozen=True)
class SheetColumn:
    """One frame of the shot, as the sheet shows it."""

    label: str
    """`first`, `middle`, `last`, `most changed`."""
    frame: int
    """Counted from the reel's first."""
    tiles: dict[str, Tile] = field(default_factory=dict)
    """Row name -> picture; all of one size."""


@dataclass(frozen=True)
class SheetText:
    """The words at the head of a sheet."""

    title: str
    stages: str
    numbers: str
    problems: tuple[str, ...] = ()


def draw_sheet(
    text: SheetText, columns: Sequence[SheetColumn], measure: ShotMeasure, *, first_frame: int
) -> Image.Image:
    """Draw a sheet: words, frames with a row for each kind of picture, curves, time slices."""
    rows = list(columns[0].tiles)
    tile_height, tile_width = columns[0].tiles[rows[0]].shape[:2]
    head = _MARGIN + 48 + 32 + 32 + 30 * len(text.problems) + 12
    grid = 34 + len(rows) * (tile_height + _GAP)
    width = 2 * _MARGIN + _LABEL_WIDTH + _COLUMNS * COLUMN_WIDTH + (_COLUMNS - 1) * _GAP
    sheet = Image.new("RGB", (width, head + grid + _GAP + _CHART_HEIGHT + _MARGIN), GROUND)
    _draw_head(sheet, text)
    draw = ImageDraw.Draw(sheet)
    for index, row in enumerate(rows):
        top = head + 34 + index * (tile_height + _GAP)
        _draw_row_label(draw, row, top)
        for place, column in enumerate(columns):
            left = _MARGIN + _LABEL_WIDTH + place * (COLUMN_WIDTH + _GAP)
            if index == 0:
                draw.text((left, head + 4), f"{column.label}: {column.frame}", fill=INK, font=font(22))
            sheet.paste(Image.fromarray(column.tiles[row]), (left + (COLUMN_WIDTH - tile_width) // 2, top))
    marks = [column.frame - first_frame for column in columns]
    _draw_foot(sheet, measure, head + grid + _GAP, first_frame, marks)
    return sheet


def _draw_head(sheet: Image.Image, text: SheetText) -> None:
    draw = ImageDraw.Draw(sheet)
    room = sheet.width - 2 * _MARGIN
    draw.text((_MARGIN, _MARGIN - 6), fitted(draw, text.title, 38, room), fill=INK, font=font(38))
    draw.text((_MARGIN, _MARGIN + 46), fitted(draw, text.stages, 23, room), fill=FAINT, font=font(23))
    draw.text((_MARGIN, _MARGIN + 78), fitted(draw, text.numbers, 23, room), fill=INK, font=font(23))
    for index, problem in enumerate(text.problems):
        line = fitted(draw, problem, 23, room)
        draw.text((_MARGIN, _MARGIN + 110 + 30 * index), line, fill=_RED, font=font(23))


def _draw_row_label(draw: ImageDraw.ImageDraw, row: str, top: int) -> None:
    name, _, detail = row.partition(" ")
    draw.text((_MARGIN, top + 4), name, fill=INK, font=font(24))
    if name == "mask":
        draw.text((_MARGIN, top + 36), "dirt", fill=DIRT_COLOUR, font=font(21))
        draw.text((_MARGIN, top + 62), "scratches", fill=SCRATCH_COLOUR, font=font(21))
    elif detail:
        draw.text((_MARGIN, top + 36), detail, fill=INK, font=font(21))
        draw.text((_MARGIN, top + 62), "grey: as it was", fill=FAINT, font=font(18))


def _draw_foot(
    sheet: Image.Image, measure: ShotMeasure, top: int, first_frame: int, marks: Sequence[int]
) -> None:
    """Two charts and the time slices, side by side."""
    width = (sheet.width - 2 * _MARGIN - 2 * _GAP) // 3
    light = [
        Series("mean luma before", _BEFORE, measure.luma_before),
        Series("after", _AFTER, measure.luma_after),
    ]
    sheet.paste(
        draw_chart((width, _CHART_HEIGHT), light, first_frame=first_frame, marks=marks), (_MARGIN, top)
    )
    work = [
        Series("mean change", INK, measure.changed),
        Series("dirt", DIRT_COLOUR, measure.dirt),
        Series("scratches", SCRATCH_COLOUR, measure.scratch),
    ]
    chart = draw_chart((width, _CHART_HEIGHT), work, first_frame=first_frame, marks=marks, from_zero=True)
    sheet.paste(chart, (_MARGIN + width + _GAP, top))
    slices = _draw_slices(measure, (width, _CHART_HEIGHT))
    sheet.paste(slices, (_MARGIN + 2 * (width + _GAP), top))


def _draw_slices(measure: ShotMeasure, size: tuple[int, int]) -> Image.Image:
    """The middle row of the picture through time: flicker shows as stripes."""
    panel = Image.new("RGB", size, PANEL)
    draw = ImageDraw.Draw(panel)
    shown = [("before", _BEFORE, measure.slice_before), ("after", _AFTER, measure.slice_after)]
    shown = [entry for entry in shown if entry[2].size]
    draw.text((14, 6), "middle row, time downwards", fill=FAINT, font=font(19))
    if not shown:
        return panel
    width = (size[0] - 28 - _GAP * (len(shown) - 1)) // len(shown)
    for place, (name, colour, picture) in enumerate(shown):
        left = 14 + place * (width + _GAP)
        panel.paste(_slice_image(picture, (width, size[1] - 68)), (left, 34))
        draw.text((left, size[1] - 7), name, fill=colour, font=font(19), anchor="ls")
    return panel


def _slice_image(picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    method = Image.Resampling.BOX if picture.shape[0] > size[1] else Image.Resampling.NEAREST
    across = Image.fromarray(picture).resize((size[0], picture.shape[0]), Image.Resampling.BILINEAR)
    return across.resize(size, method)


def fitted(draw: ImageDraw.ImageDraw, text: str, size: int, room: int) -> str:
    """Make one line of a text, cut off with `...` where it is wider than `room` pixels at this size."""
    text = " ".join(text.splitlines())
    if draw.textlength(text, font=font(size)) <= room:
        return text
    while text and draw.textlength(text + "...", font=font(size)) > room:
        text = text[: len(text) - max(1, len(text) // 40)]
    return text + "..."
