"""Small line charts, drawn with Pillow: a contact sheet's curves over a shot's frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

INK: Colour = (232, 232, 228)
FAINT: Colour = (150, 150, 146)
GROUND: Colour = (24, 25, 28)
PANEL: Colour = (36, 38, 42)

_SCALE = 3
"""Charts are drawn this many times larger, then averaged down: smooth lines."""
_HEAD, _FOOT, _SIDE = 34, 30, 14


@dataclass(frozen=True)
class Series:
    """One line of a chart."""

    name: str
    colour: Colour
    values: npt.NDArray[np.float32]
    """(T,): one number per frame."""


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own typeface at `size` pixels: the same on every machine."""
    return ImageFont.load_default(size)


def draw_chart(
    size: tuple[int, int],
    series: Sequence[Series],
    *,
    first_frame: int,
    unit: str = "%",
    from_zero: bool = False,
    marks: Sequence[int] = (),
) -> Image.Image:
    """Draw lines over the frames of a shot, `size` (width, height) in pixels.

    Values are drawn in hundredths (`unit` says so); `marks` are frames, counted from the shot's first, that
    get a faint upright line. Series without values are left out.
    """
    drawn = [entry for entry in series if len(entry.values)]
    chart = Image.new("RGB", size, PANEL)
    if drawn:
        low, high = _range(drawn, from_zero=from_zero)
        box = (_SIDE, _HEAD, size[0] - _SIDE, size[1] - _FOOT)
        chart.paste(_lines((box[2] - box[0], box[3] - box[1]), drawn, low, high, marks), box[:2])
        _label(chart, drawn, low, high, first_frame, unit)
    return chart


def _range(series: Sequence[Series], *, from_zero: bool) -> tuple[float, float]:
    values = np.concatenate([entry.values for entry in series])
    low = 0.0 if from_zero else float(values.min())
    high = float(values.max())
    if high - low < 1e-6:
        return low - (0.0 if from_zero else 0.005), high + 0.005
    return low, high


def _lines(
    size: tuple[int, int], series: Sequence[Series], low: float, high: float, marks: Sequence[int]
) -> Image.Image:
    width, height = size[0] * _SCALE, size[1] * _SCALE
    image = Image.new("RGB", (width, height), PANEL)
    draw = ImageDraw.Draw(image)
    count = max(len(entry.values) for entry in series)
    inset = 2 * _SCALE
    for mark in marks:
        x = mark / max(1, count - 1) * (width - 1)
        draw.line([(x, 0), (x, height)], fill=(62, 64, 70), width=_SCALE)
    for entry in series:
        values = entry.values
        ys = height - inset - (values - low) / (high - low) * (height - 2 * inset)
        xs = np.linspace(0, width - 1, len(values)) if len(values) > 1 else np.array([width / 2])
        points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
        if len(points) == 1:
            (px, py), r = points[0], 4 * _SCALE
            draw.ellipse([px - r, py - r, px + r, py + r], fill=entry.colour)
        else:
            draw.line(points, fill=entry.colour, width=2 * _SCALE, joint="curve")
    return image.reduce(_SCALE)


def _label(
    chart: Image.Image, series: Sequence[Series], low: float, high: float, first_frame: int, unit: str
) -> None:
    draw = ImageDraw.Draw(chart)
    width, height = chart.size
    x = float(_SIDE)
    for entry in series:
        draw.text((x, 6), entry.name, fill=entry.colour, font=font(19))
        x += draw.textlength(entry.name, font=font(19)) + 20
    scale = f"{_short(100 * low)} to {_short(100 * high)} {unit}"
    draw.text((width - _SIDE, 8), scale, fill=FAINT, font=font(17), anchor="ra")
    last_frame = first_frame + max(len(entry.values) for entry in series) - 1
    draw.text((_SIDE, height - 7), f"frame {first_frame}", fill=FAINT, font=font(17), anchor="ls")
    draw.text((width - _SIDE, height - 7), str(last_frame), fill=FAINT, font=font(17), anchor="rs")


def _short(value: float) -> str:
    """Write a number with three figures at most."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
