"""The grain of a shot as a picture: deviation by tone, power by frequency, and the spectra in the plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from reelfix.pipeline.grain_shot import BANDS, GrainState, ShotGrain
from reelfix.pipeline.sheet_chart import FAINT, GROUND, INK, PANEL, Colour, axis_of, font

_SIZE = (1800, 980)
_COLOURS: tuple[Colour, ...] = ((240, 196, 92), (120, 170, 255), (126, 220, 150))
_NAMES = ("source", "restored", "grain given back")
_GRID: Colour = (58, 60, 66)
_PLANE = 280  # pixels across one spectrum in the plane
_RANGE = 30.0  # decibels from black to white


@dataclass(frozen=True)
class _Plot:
    title: str
    across: str
    ends: tuple[float, float]
    """Of the axis across."""
    lines: Sequence[npt.NDArray[np.float64]]


def draw_grain(grain: ShotGrain) -> Image.Image:
    """Draw one shot's report, 1800 x 980 pixels."""
    sheet = Image.new("RGB", _SIZE, GROUND)
    draw = ImageDraw.Draw(sheet)
    states = (grain.source, grain.restored, grain.given)
    draw.text((24, 16), f"{grain.name}: grain", fill=INK, font=font(34))
    x = 24.0
    for name, colour, state in zip(_NAMES, _COLOURS, states, strict=True):
        words = f"{name} {state.deviation:.2f}"
        draw.text((x, 66), words, fill=colour, font=font(25))
        x += draw.textlength(words, font=font(25)) + 40
    draw.text((x, 66), "deviation in code values of 255", fill=FAINT, font=font(25))
    _plot(draw, (24, 112, 888, 580), _Plot("deviation by tone", "tone", (0, 1), [s.tones for s in states]))
    bands = _Plot("power by frequency, dB", "cycles a pixel", (0.5 / BANDS, 0.5), [s.bands for s in states])
    _plot(draw, (912, 112, 1776, 580), bands)
    _draw_planes(sheet, draw, states)
    return sheet


def _plot(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], plot: _Plot) -> None:
    left, top, right, bottom = box[0] + 70, box[1] + 50, box[2] - 20, box[3] - 50
    draw.rectangle(box, fill=PANEL)
    draw.text((left, box[1] + 10), plot.title, fill=INK, font=font(25))
    values = np.concatenate([line[~np.isnan(line)] for line in plot.lines])
    low, high, step = axis_of(float(values.min()), float(values.max()))
    for index in range(round((high - low) / step) + 1):
        level = low + index * step
        y = bottom - (level - low) / (high - low) * (bottom - top)
        draw.line([(left, y), (right, y)], fill=_GRID)
        draw.text((left - 10, y), f"{level:g}", fill=FAINT, font=font(20), anchor="rm")
    for place, end in ((left, plot.ends[0]), (right, plot.ends[1])):
        draw.text((place, bottom + 10), f"{end:.2g}", fill=FAINT, font=font(20), anchor="ma")
    draw.text(((left + right) / 2, bottom + 10), plot.across, fill=FAINT, font=font(20), anchor="ma")
    for line, colour in zip(plot.lines, _COLOURS, strict=True):
        places = left + (np.arange(len(line)) + 0.5) / len(line) * (right - left)
        points = [
            (float(x), float(bottom - (value - low) / (high - low) * (bottom - top)))
            for x, value in zip(places, line, strict=True)
            if not np.isnan(value)
        ]
        draw.line(points, fill=colour, width=4, joint="curve")
        for x, y in points:
            draw.ellipse([x - 4, y - 4, x + 4, y + 4], fill=colour)


def _draw_planes(sheet: Image.Image, draw: ImageDraw.ImageDraw, states: Sequence[GrainState]) -> None:
    """Draw the spectra in the plane, slow grain in the middle, all on the source's scale."""
    most = float(states[0].plane.max())
    for index, (name, colour, state) in enumerate(zip(_NAMES, _COLOURS, states, strict=True)):
        share = np.clip((state.plane - (most - _RANGE)) / _RANGE, 0, 1)
        picture = Image.fromarray((share * 255).astype(np.uint8)).resize(
            (_PLANE, _PLANE), Image.Resampling.NEAREST
        )
        left = 24 + index * (_PLANE + 300)
        sheet.paste(picture.convert("RGB"), (left, 620))
        draw.text((left, 910), f"spectrum: {name}", fill=colour, font=font(22))
