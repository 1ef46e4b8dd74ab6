"""Pictures side by side: what a table cannot say. Crops at full size, one pixel a pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw

from reelfix.pipeline.sheet_chart import FAINT, GROUND, INK, font
from reelfix.restoration.arrays import Plane

Tile = npt.NDArray[np.uint8]
"""(height, width, 3)."""

SIDE = 256
_GAP, _LINE, _TEXT = 6, 22, 15


@dataclass(frozen=True)
class Box:
    """A part of a picture."""

    top: int
    left: int
    height: int
    width: int


@dataclass
class GridRow:
    """One item: the same crop of what every method made of it."""

    label: str
    box: Box
    tiles: dict[str, Tile] = field(default_factory=dict)
    """By the column's name."""

    def add(self, column: str, picture: torch.Tensor) -> None:
        """Take the crop out of a picture, float32 (C, H, W) in [0, 1]."""
        box = self.box
        crop = picture[:, box.top : box.top + box.height, box.left : box.left + box.width]
        codes = (crop.detach().cpu().clamp(0, 1) * 255).round().to(torch.uint8)
        self.tiles[column] = codes.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy()


def busiest(weight: Plane, side: int = SIDE) -> Box:
    """Return the box of at most `side` x `side` that has most of `weight` (H, W) >= 0; the middle if none."""
    height, width = min(side, weight.shape[0]), min(side, weight.shape[1])
    sums = cv2.boxFilter(
        weight.astype(np.float64), -1, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )[: weight.shape[0] - height + 1, : weight.shape[1] - width + 1]
    if sums.max() <= 0:
        return Box((weight.shape[0] - height) // 2, (weight.shape[1] - width) // 2, height, width)
    top, left = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return Box(int(top), int(left), height, width)


def spread(count: int, most: int) -> tuple[int, ...]:
    """Choose at most `most` of `count` places, evenly."""
    chosen = np.linspace(0, max(count - 1, 0), min(count, most))
    return tuple(dict.fromkeys(round(float(place)) for place in chosen))


def grid_png(rows: Sequence[GridRow], columns: Sequence[str]) -> bytes:
    """Draw the rows under their columns' names; returns a PNG file."""
    widths: Mapping[str, int] = {
        column: max([row.tiles[column].shape[1] for row in rows if column in row.tiles], default=0)
        for column in columns
    }
    shown = [column for column in columns if widths[column]]
    heights = [max(tile.shape[0] for tile in row.tiles.values()) for row in rows]
    width = _GAP + sum(widths[column] + _GAP for column in shown)
    height = _LINE + sum(_LINE + each + _GAP for each in heights)
    sheet = Image.new("RGB", (max(width, 1), height), GROUND)
    draw = ImageDraw.Draw(sheet)
    left = _GAP
    for column in shown:
        draw.text((left, 3), _fitted(column, widths[column]), fill=INK, font=font(_TEXT))
        top = _LINE
        for row, row_height in zip(rows, heights, strict=True):
            if column == shown[0]:
                draw.text((_GAP, top + 3), row.label, fill=FAINT, font=font(_TEXT - 2))
            if column in row.tiles:
                sheet.paste(Image.fromarray(row.tiles[column]), (left, top + _LINE))
            top += _LINE + row_height + _GAP
        left += widths[column] + _GAP
    file = BytesIO()
    sheet.save(file, format="PNG", optimize=False)
    return file.getvalue()


def _fitted(text: str, width: int) -> str:
    """Shorten a heading to the width of its column."""
    face = font(_TEXT)
    while len(text) > 1 and face.getlength(text) > width:
        text = text[:-1]
    return text
