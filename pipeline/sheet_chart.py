"""Line charts with labelled axes, drawn with Pillow: a contact sheet's curves over a shot's frames."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

INK: Colour = (232, 232, 228)
FAINT: Colour = (166, 166, 162)
GROUND: Colour = (24, 25, 28)
PANEL: Colour = (36, 38, 42)
ALARM: Colour = (255, 122, 108)
_GRID: Colour = (58, 60, 66)
_MARK: Colour = (96, 98, 106)

HEAD, FOOT, LEFT, RIGHT = 44, 38, 96, 24
"""Room about a chart's lines: for its title, its frames, its scale."""
_SCALE = 3
"""Lines are drawn this many times larger, then averaged down: smooth."""
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Series:
    """One line of a chart."""

    name: str
    colour: Colour
    values: npt.NDArray[np.float32]
    """(T,): one number per frame, in the chart's unit."""


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own typeface at `size` pixels: the same on every machine."""
    return ImageFont.load_default(size)


@dataclass(frozen=True)
class FrameAxis:
    """The frames that charts are drawn over, and those among them that are marked."""

    first_frame: int
    """Counted from the reel's first."""
    marks: tuple[int, ...] = ()
    """Frames, counted from the shot's first, that get an upright line."""
    alarms: tuple[int, ...] = ()
    """Frames, likewise, that get a red mark."""


def draw_chart(
    size: tuple[int, int],
    title: str,
    series: Sequence[Series],
    axis: FrameAxis,
    *,
    from_zero: bool = False,
) -> Image.Image:
    """Draw lines over the frames of a shot, `size` (width, height) in pixels; `title` has what, and the unit.

    Series without values are left out; with none at all the chart says so.
    """
    chart = Image.new("RGB", size, PANEL)
    draw = ImageDraw.Draw(chart)
    drawn = [entry for entry in series if len(entry.values)]
    draw.text((LEFT, 8), title, fill=INK, font=font(25))
    if not drawn:
        draw.text((LEFT, size[1] / 2), "not measured", fill=FAINT, font=font(25), anchor="lm")
        return chart
    values = np.concatenate([entry.values for entry in drawn])
    low, high, step = axis_of(0.0 if from_zero else float(values.min()), float(values.max()))
    box = (LEFT, HEAD, size[0] - RIGHT, size[1] - FOOT)
    chart.paste(_lines((box[2] - box[0], box[3] - box[1]), drawn, (low, high, step), axis.marks), box[:2])
    _draw_scale(draw, box, (low, high, step))
    for frame in axis.alarms:
        x = box[0] + frame_x(frame, len(drawn[0].values), box[2] - box[0])
        draw.rectangle([x - 2, box[1] - 4, x + 2, box[1] + 10], fill=ALARM)
    draw_frame_axis(draw, box, axis, len(drawn[0].values))
    x = LEFT + draw.textlength(title, font=font(25)) + 30
    for entry in drawn if len(drawn) > 1 else ():
        draw.text((x, 8), entry.name, fill=entry.colour, font=font(25))
        x += draw.textlength(entry.name, font=font(25)) + 24
    return chart


def axis_of(low: float, high: float) -> tuple[float, float, float]:
    """Return an axis about `[low, high]`: both its ends and its step are round; two to four steps."""
    span = high - low
    if span < 1e-6:
        span = max(abs(high), 1.0) * 0.01
        low, high = (low, low + span) if low == 0 else (low - span / 2, low + span / 2)
    magnitude = 10.0 ** math.floor(math.log10(span / 3))
    step = next(magnitude * factor for factor in (*_STEPS, 20) if magnitude * factor * 4 >= span)
    bottom = math.floor(low / step + 1e-6) * step
    return bottom, max(math.ceil(high / step - 1e-6) * step, bottom + step), step


def draw_frame_axis(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], axis: FrameAxis, count: int
) -> None:
    """Write the numbers of some frames below `box` (left, top, right, bottom)."""
    left, _, right, bottom = box
    places = np.unique(np.linspace(0, count - 1, min(count, 5)).round().astype(int))
    for place in places:
        x = frame_x(int(place), count, right - left) + left
        anchor = "la" if place == 0 and count > 1 else "ra" if place == count - 1 and count > 1 else "ma"
        draw.text(
            (x, bottom + 7), str(axis.first_frame + int(place)), fill=FAINT, font=font(22), anchor=anchor
        )
    draw.text((left - 12, bottom + 7), "frame", fill=FAINT, font=font(22), anchor="ra")


def frame_x(frame: int, count: int, width: int) -> float:
    """Return where a frame's middle stands on an axis of `count` frames: each has its share of the width."""
    return (frame + 0.5) / count * width


def _lines(
    size: tuple[int, int],
    series: Sequence[Series],
    axis: tuple[float, float, float],
    marks: Sequence[int],
) -> Image.Image:
    low, high, step = axis
    width, height = size[0] * _SCALE, size[1] * _SCALE
    image = Image.new("RGB", (width, height), PANEL)
    draw = ImageDraw.Draw(image)
    count = max(len(entry.values) for entry in series)

    def y_of(value: float) -> float:
        return (1 - (value - low) / (high - low)) * (height - 3 * _SCALE) + 1.5 * _SCALE

    for index in range(round((high - low) / step) + 1):
        y = y_of(low + index * step)
        draw.line([(0, y), (width, y)], fill=_GRID, width=_SCALE)
    for mark in marks:
        x = frame_x(mark, count, width)
        draw.line([(x, 0), (x, height)], fill=_MARK, width=_SCALE)
    for entry in series:
        points = [(frame_x(t, count, width), y_of(float(value))) for t, value in enumerate(entry.values)]
        if len(points) == 1:
            (px, py), r = points[0], 4 * _SCALE
            draw.ellipse([px - r, py - r, px + r, py + r], fill=entry.colour)
        else:
            draw.line(points, fill=entry.colour, width=3 * _SCALE, joint="curve")
    return image.reduce(_SCALE)


def _draw_scale(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], axis: tuple[float, float, float]
) -> None:
    left, top, _, bottom = box
    low, high, step = axis
    for index in range(round((high - low) / step) + 1):
        value = low + index * step
        y = bottom - (value - low) / (high - low) * (bottom - top)
        draw.text((left - 12, y), _short(value, step), fill=FAINT, font=font(22), anchor="rm")


def _short(value: float, step: float) -> str:
    """Write a number with the digits that its step needs."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if step * 10**digits % 1 > 1e-6:
        digits += 1
    return f"{value + 0.0:.{digits}f}"
