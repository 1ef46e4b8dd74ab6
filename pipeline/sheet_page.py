"""The page of all contact sheets: one HTML file that needs nothing beside it."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO

import cv2
import numpy as np
from jinja2 import Environment, StrictUndefined
from PIL import Image

from reelfix.pipeline.sheet_drawing import SheetColumn

_WIDE, _NARROW, _WIPE = 1240, 620, 560
"""Pixels across a sheet's preview: where there is room, and where there are thousands; across a wipe."""
_ROOM = 48 * 2**20
"""Bytes of the page that wide previews and wipes may fill, the most changed shots first."""


@dataclass(frozen=True)
class SheetEntry:
    """What the page says of one shot."""

    number: int
    start: int
    stop: int
    title: str
    stages: str
    numbers: str
    problems: list[str]
    picture: str
    """File name of the sheet, beside the page."""
    changed: float
    """Mean absolute change of its pixels, in [0, 1]."""
    is_failed: bool
    is_finished: bool


def preview_images(sheet: Image.Image, columns: Sequence[SheetColumn]) -> dict[str, str]:
    """Make the pictures that the page carries of a sheet, as data URIs.

    `wide`, `narrow`: the whole sheet; `before`, `after`: the most changed frame, where there is an after.
    """
    images = {"wide": _data_uri(_fitted(sheet, _WIDE)), "narrow": _data_uri(_fitted(sheet, _NARROW))}
    tiles = next((column for column in columns if "most changed" in column.label), columns[-1]).tiles
    if "after" in tiles:
        for name in ("before", "after"):
            images[name] = _data_uri(_fitted(Image.fromarray(tiles[name]), _WIPE))
    return images


def make_page(reel: str, sheets: Iterable[tuple[SheetEntry, dict[str, str]]]) -> str:
    """Render the page: failed shots first, then by how much they changed.

    Wide previews and wipes are carried for as many shots as `_ROOM` holds, narrow ones for the others.
    """
    ordered = sorted(sheets, key=lambda sheet: (not sheet[0].is_failed, -sheet[0].changed, sheet[0].number))
    room = _ROOM
    cards = []
    for entry, images in ordered:
        full = sum(len(uri) for name, uri in images.items() if name != "narrow")
        if room >= full:
            room -= full
            shown = {"preview": images["wide"], "before": images.get("before"), "after": images.get("after")}
        else:
            shown = {"preview": images["narrow"], "before": None, "after": None}
        cards.append({"entry": entry, **shown})
    template = (files("reelfix.pipeline") / "templates" / "sheet.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(reel=reel, cards=cards)


def _fitted(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    size = (width, round(image.height * width / image.width))
    return Image.fromarray(cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_AREA))


def _data_uri(image: Image.Image) -> str:
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=76, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
