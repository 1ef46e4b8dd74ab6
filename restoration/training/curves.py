"""Loss curves as a picture: one small chart to a column of a table."""

import math
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

_WIDTH, _HEIGHT = 420, 220
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 30, 12, 26
_INK, _FAINT, _LINE, _RAW = (30, 30, 30), (200, 200, 200), (20, 90, 170), (170, 200, 230)
_COLUMNS = 3
_SMOOTHING = 15

Series = Sequence[tuple[float, float]]
"""(step, value), in order of the steps."""


def draw_curves(series: Mapping[str, Series]) -> Image.Image:
    """Return a grid of charts, RGB: thin the values, thick their running mean, in the title the last."""
    shown = {name: points for name, points in series.items() if points}
    rows = max(1, math.ceil(len(shown) / _COLUMNS))
    picture = Image.new("RGB", (_COLUMNS * _WIDTH, rows * _HEIGHT), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    for index, (name, points) in enumerate(shown.items()):
        row, column = divmod(index, _COLUMNS)
        _chart(draw, column * _WIDTH, row * _HEIGHT, name, points)
    return picture


def _chart(draw: ImageDraw.ImageDraw, x: int, y: int, name: str, points: Series) -> None:
    first, last = points[0][0], points[-1][0]
    low, high = min(value for _, value in points), max(value for _, value in points)
    across, up = max(last - first, 1.0), max(high - low, 1e-12)
    left, right = x + _LEFT, x + _WIDTH - _RIGHT
    top, bottom = y + _TOP, y + _HEIGHT - _BOTTOM

    def placed(values: Series) -> list[tuple[float, float]]:
        return [
            (left + (step - first) / across * (right - left), bottom - (value - low) / up * (bottom - top))
            for step, value in values
        ]

    draw.rectangle((left, top, right, bottom), outline=_FAINT)
    if len(points) > 1:
        draw.line(placed(points), fill=_RAW, width=1)
        draw.line(placed(_smoothed(points)), fill=_LINE, width=2)
    else:
        (px, py) = placed(points)[0]
        draw.ellipse((px - 2, py - 2, px + 2, py + 2), fill=_LINE)
    draw.text((left, y + 8), f"{name}: {points[-1][1]:.4g}", fill=_INK)
    draw.text((x + 4, top - 4), f"{high:.4g}", fill=_INK)
    draw.text((x + 4, bottom - 8), f"{low:.4g}", fill=_INK)
    draw.text((left, bottom + 6), f"{first:.0f}", fill=_INK)
    draw.text((right - 48, bottom + 6), f"{last:.0f} steps", fill=_INK)


def _smoothed(points: Series) -> Series:
    """Means over what is near each point: a fifteenth of the curve; of few points, each alone."""
    reach = len(points) // (2 * _SMOOTHING)
    smooth = []
    for index, (step, _) in enumerate(points):
        within = min(reach, index, len(points) - 1 - index)
        near = [value for _, value in points[index - within : index + within + 1]]
        smooth.append((step, sum(near) / len(near)))
    return smooth
