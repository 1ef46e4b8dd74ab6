"""The page of contact sheets: whole in itself, sorted, escaped, of modest size."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reelfix.pipeline import sheet_page
from reelfix.pipeline.sheet_page import make_page
from reelfix.pipeline.sheet_record import Pictures, SheetRecord

MakeRecord = Callable[..., SheetRecord]
ALARM = {
    "kind": "seam",
    "frames": [[5, 6]],
    "value": 3.0,
    "limit": 2.0,
    "text": "a <step>",
    "is_notice": False,
}


def none(number: int) -> list[Pictures]:
    raise FileNotFoundError(number)


def data(page: str, name: str) -> object:
    """Read a JSON element as a browser does: up to the first thing that ends a script."""
    found = re.search(f'<script type="application/json" id="{name}">(.*?)</script', page, re.DOTALL | re.I)
    assert found is not None
    return json.loads(found.group(1))


def test_it_is_sorted(make_sheet_record: MakeRecord) -> None:
    """Failed first, then by alarms, then by change; notices are no alarms."""
    records = [
        make_sheet_record(1, changed=0.1),
        make_sheet_record(2, changed=0.3, alarms=[{**ALARM, "is_notice": True}]),
        make_sheet_record(3, is_failed=True),
        make_sheet_record(4, alarms=[ALARM]),
    ]
    page = make_page("reel", records, none)
    assert re.findall(r'<li><a href="shot-000(\d).png">', page) == ["3", "4", "2", "1"]
    shots = data(page, "shots")
    assert isinstance(shots, list)
    assert [(shot["number"], shot["isFlagged"]) for shot in shots] == [
        (3, True),
        (4, True),
        (2, False),
        (1, False),
    ]


@pytest.mark.parametrize("note", ["</script><script>alert(1)", "<!--<script>", "\u2028 & \"'", "]]>"])
def test_what_is_said_cannot_break_out(make_sheet_record: MakeRecord, note: str) -> None:
    """Notes, alarms and names are text wherever they stand: in JSON and in the plain list."""
    record = make_sheet_record(1, note=note, problems=[note], alarms=[ALARM])
    page = make_page(note, [replace(record, small={"label": note})], none)
    shots, small = data(page, "shots"), data(page, "small-1")
    assert isinstance(shots, list)
    assert isinstance(small, dict)
    assert shots[0]["note"] == note
    assert shots[0]["alarms"][0]["text"] == "a <step>"
    assert small["label"] == note
    assert page.lower().count("<script") == page.lower().count("</script") == 3
    assert "<!--" not in page
    assert "<step>" not in page


def test_it_needs_nothing_from_elsewhere(make_sheet_record: MakeRecord) -> None:
    """No address of another place; only the sheets at full size are linked, and they lie beside it."""
    page = make_page("reel", [make_sheet_record(1)], lambda number: [{"before": "AAAA"}])
    links = set(re.findall(r'(?:src|href)="([^"]*)"', page))
    assert links == {"data:,", "shot-0001.png"}
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page) == []
    assert "default-src 'none'" in page


def test_large_pictures_go_to_the_worst(
    make_sheet_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there is room: first one frame of each shot, then their others. No more are read than fit."""
    monkeypatch.setattr(sheet_page, "_ROOM", 0)
    monkeypatch.setattr(sheet_page, "_LEAST_ROOM", 4_500)
    read: list[int] = []

    def pictures(number: int) -> list[Pictures]:
        read.append(number)
        return [{"frame": index, "before": "x" * 1000} for index in range(3)]

    page = make_page("r", [make_sheet_record(n, changed=n / 100) for n in range(1, 51)], pictures)
    assert read == [50, 49, 48, 47, 46]
    found = [int(number) for number in re.findall(r'id="large-(\d+)"', page)]
    assert found == [50, 49, 48, 47]
    monkeypatch.setattr(sheet_page, "_ROOM", 100_000)
    page = make_page("r", [make_sheet_record(1), make_sheet_record(2)], pictures)
    assert page.count("x" * 1000) == 6


def test_a_reel_without_sheets(make_sheet_record: MakeRecord) -> None:
    """It says so; pictures that someone took away are done without."""
    assert "No shot has a contact sheet yet." in make_page("r", [], none)
    assert 'id="large-1"' not in make_page("r", [make_sheet_record(1)], none)
