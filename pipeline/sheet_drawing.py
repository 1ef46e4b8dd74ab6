"""A contact sheet: one picture that says what was done to a shot, readable at arm's length."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from reelfix.pipeline.sheet_chart import FAINT, GROUND, INK, Colour, FrameAxis, font
from reelfix.pipeline.sheet_foot import AFTER, BEFORE, draw_foot, foot_height
from reelfix.pipeline.sheet_measure import ShotMeasure
from reelfix.pipeline.sheet_tiles import DIRT_COLOUR, SCRATCH_COLOUR, Tile

WIDTH = 2400
_MARGIN, _GAP = 24, 12
_INNER = WIDTH - 2 * _MARGIN
CLOSE_UP = (_INNER - 3 * _GAP) // 8 - 2
"""Pixels across one picture of a close-up: four pairs fill the sheet."""
_LINE = 40
_RED: Colour = (255, 122, 108)


@dataclass(frozen=True)
class SheetFrame:
    """One frame of the shot, as the sheet shows it."""

    label: str
    """`most changed`, `most marked`, `middle`."""
    frame: int
    """Counted from the reel's first."""
    tiles: dict[str, Tile] = field(default_factory=dict)
    """Kind (`before`, `after`, `mask`, `difference`, `luma`, `colour`) -> picture; all of one size."""
    outline: npt.NDArray[np.uint8] | None = None
    """(height, width, 4): the mask's rings alone, of the tiles' size."""
    gains: dict[str, int] = field(default_factory=dict)
    """Kind of difference -> how many times it is amplified."""


@dataclass(frozen=True)
class CloseUp:
    """The same piece of a frame, before and after."""

    frame: int
    place: tuple[int, int]
    """Its left and upper edge in the picture, in pixels."""
    before: Tile
    after: Tile


@dataclass(frozen=True)
class SheetText:
    """The words at the head of a sheet."""

    title: str
    stages: str
    numbers: str
    problems: tuple[str, ...] = ()
    """Failures and alarms: what is not as it should be."""
    notes: tuple[str, ...] = ()


def column_width(kinds: int) -> int:
    """Pixels across a tile where each frame has that many kinds of picture."""
    columns = 3 if kinds == 1 else kinds
    return min((_INNER - (columns - 1) * _GAP) // columns, 780)


def draw_sheet(
    text: SheetText,
    frames: Sequence[SheetFrame],
    close_ups: Sequence[CloseUp],
    measure: ShotMeasure,
    *,
    first_frame: int,
) -> Image.Image:
    """Draw a sheet: words; a row for each frame, with its kinds of picture; close-ups; slices and curves."""
    parts = [_draw_head(text), _draw_frames(frames)]
    if close_ups:
        parts.append(_draw_close_ups(close_ups))
    foot = Image.new("RGB", (_INNER, foot_height(measure)), GROUND)
    draw_foot(foot, measure, _axis(frames, measure, first_frame))
    parts.append(foot)
    height = 2 * _MARGIN + sum(part.height for part in parts) + _GAP * (len(parts) - 1)
    sheet = Image.new("RGB", (WIDTH, height), GROUND)
    top = _MARGIN
    for part in parts:
        sheet.paste(part, (_MARGIN, top))
        top += part.height + _GAP
    return sheet


def _axis(frames: Sequence[SheetFrame], measure: ShotMeasure, first_frame: int) -> FrameAxis:
    alarms = {
        frame - first_frame
        for alarm in measure.alarms
        if not alarm.is_notice
        for start, stop in alarm.frames
        for frame in range(start, min(stop, first_frame + len(measure.luma_before)))
    }
    return FrameAxis(first_frame, tuple(frame.frame - first_frame for frame in frames), tuple(sorted(alarms)))


def _draw_head(text: SheetText) -> Image.Image:
    lines: list[tuple[str, int, Colour]] = [(text.title, 46, INK)]
    lines += [(problem, 32, _RED) for problem in text.problems]
    lines += [(text.numbers, 28, INK), *((note, 28, FAINT) for note in text.notes), (text.stages, 28, FAINT)]
    head = Image.new("RGB", (_INNER, sum(size + 14 for _, size, _ in lines)), GROUND)
    draw = ImageDraw.Draw(head)
    top = 0
    for line, size, colour in lines:
        draw.text((0, top), fitted(draw, line, size, _INNER), fill=colour, font=font(size))
        top += size + 14
    return head


def _draw_frames(frames: Sequence[SheetFrame]) -> Image.Image:
    """Draw a row for each frame; where there is but one kind of picture, all of them in one row."""
    kinds = list(frames[0].tiles)
    rows = [[frame] for frame in frames] if len(kinds) > 1 else [list(frames)]
    height = frames[0].tiles["before"].shape[0]
    step = column_width(len(kinds)) + _GAP
    grid = Image.new("RGB", (_INNER, _LINE + len(rows) * (_LINE + height)), GROUND)
    draw = ImageDraw.Draw(grid)
    for place, kind in enumerate(kinds):
        _draw_kind(draw, kind, place * step)
    for row, shown in enumerate(rows):
        top = _LINE + row * (_LINE + height)
        tiles = [tile for frame in shown for tile in frame.tiles.values()]
        for place, frame in enumerate(shown):
            words = f"frame {frame.frame}, {frame.label}"
            words = fitted(draw, words, 26, step - _GAP)
            draw.text((place * step, top + 4), words, fill=FAINT, font=font(26))
            for kind, gain in frame.gains.items():
                words = "grey: as it was; " + (f"amplified {gain} times" if gain > 1 else "not amplified")
                draw.text((kinds.index(kind) * step, top + 4), words, fill=FAINT, font=font(26))
        for place, tile in enumerate(tiles):
            grid.paste(Image.fromarray(tile), (place * step, top + _LINE))
    return grid


def _draw_kind(draw: ImageDraw.ImageDraw, kind: str, left: int) -> None:
    """Head a column with what it shows, in the colour that the curves give it."""
    words: dict[str, list[tuple[str, Colour]]] = {
        "before": [("before", BEFORE)],
        "after": [("after", AFTER)],
        "mask": [("mask:", INK), ("dirt", DIRT_COLOUR), ("scratches", SCRATCH_COLOUR)],
        "difference": [("difference", INK)],
        "luma": [("difference in luma", INK)],
        "colour": [("difference in colour", INK)],
    }
    x = float(left)
    for word, colour in words[kind]:
        draw.text((x, 0), word, fill=colour, font=font(32))
        x += draw.textlength(word, font=font(32)) + 14


def _draw_close_ups(pairs: Sequence[CloseUp]) -> Image.Image:
    height = max(pair.before.shape[0] for pair in pairs)
    strip = Image.new("RGB", (_INNER, _LINE + height), GROUND)
    draw = ImageDraw.Draw(strip)
    step = (_INNER - 3 * _GAP) // 4 + _GAP
    for place, pair in enumerate(pairs):
        left = place * step
        words = f"close up, frame {pair.frame}, at {pair.place[0]}, {pair.place[1]}"
        draw.text((left, 4), words, fill=FAINT, font=font(26))
        strip.paste(Image.fromarray(pair.before), (left, _LINE))
        strip.paste(Image.fromarray(pair.after), (left + CLOSE_UP + 4, _LINE))
    return strip


def fitted(draw: ImageDraw.ImageDraw, text: str, size: int, room: int) -> str:
    """Make one line of a text, cut off with `...` where it is wider than `room` pixels at this size."""
    text = " ".join(text.splitlines())
    if draw.textlength(text, font=font(size)) <= room:
        return text
    while text and draw.textlength(text + "...", font=font(size)) > room:
        text = text[: len(text) - max(1, len(text) // 40)]
    return text + "..."
