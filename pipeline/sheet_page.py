"""The page of all contact sheets: one HTML file that works by itself, with scripts or without."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from reelfix.pipeline.sheet_record import Pictures, SheetRecord

_ROOM = 64 * 2**20
"""Bytes that the page's pictures may fill: small ones of every shot, then large ones, worst shots first."""
_LEAST_ROOM = 8 * 2**20
"""Of it, that large ones get however many shots there are."""


def make_page(reel: str, records: Sequence[SheetRecord], read: Callable[[int], list[Pictures]]) -> str:
    """Render the page; `read(number)` returns a shot's large pictures, asked for only where they fit.

    The page carries all its pictures but the sheets at full size, which lie beside it as PNG.
    """
    ordered = sorted(records, key=lambda record: record.entry.badness, reverse=True)
    large = _that_fit(ordered, read)
    pictures = [
        {"number": record.entry.number, "small": _json(record.small), "large": _json(large.get(index, []))}
        for index, record in enumerate(ordered)
    ]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_template("sheet.html.j2")).render(
        reel=reel,
        entries=[record.entry for record in ordered],
        shots=_json([_shown(record) for record in ordered]),
        pictures=pictures,
        kinds=_kinds(ordered),
        style=Markup(_template("sheet.css")),
        script=Markup(_template("sheet.js") + _template("sheet_curves.js")),
    )


def _that_fit(
    ordered: Sequence[SheetRecord], read: Callable[[int], list[Pictures]]
) -> dict[int, list[Pictures]]:
    """Choose large pictures, by place in `ordered`: a frame of each shot while there is room, then more."""
    room = max(_ROOM - sum(len(_json(record.small)) for record in ordered), _LEAST_ROOM)
    found: dict[int, list[Pictures]] = {}
    chosen: dict[int, list[Pictures]] = {}
    for index, record in enumerate(ordered):
        try:
            pictures = read(record.entry.number)
        except FileNotFoundError:
            continue  # someone tidied up: the small ones must do
        room -= len(_json(pictures[0]))
        if room < 0:
            break
        found[index], chosen[index] = pictures, pictures[:1]
    for index, pictures in found.items():
        room -= len(_json(pictures[1:]))
        if room < 0:
            break
        chosen[index] = pictures
    return chosen


def _shown(record: SheetRecord) -> dict[str, object]:
    """What the page's script sorts, filters and writes; the order given is that of badness."""
    entry = asdict(record.entry)
    alarms = [
        {
            "kind": alarm["kind"],
            "text": alarm["text"],
            "frames": alarm["frames"],
            "isNotice": alarm["is_notice"],
        }
        for alarm in record.entry.alarms
    ]
    return {
        **entry,
        "alarms": alarms,
        "alarmCount": record.entry.alarm_count,
        "isFlagged": record.entry.is_flagged,
    }


def _kinds(records: Iterable[SheetRecord]) -> list[str]:
    return sorted({alarm["kind"] for record in records for alarm in record.entry.alarms})


def _json(content: object) -> Markup:
    """JSON that may stand in a script element: no `<`, `>`, `&` or quote of the content ends it."""
    return htmlsafe_json_dumps(content, dumps=json.dumps, separators=(",", ":"))


def _template(name: str) -> str:
    return (files("reelfix.pipeline") / "templates" / name).read_text(encoding="utf-8")
