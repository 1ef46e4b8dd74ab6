"""Contact sheets show what was done: in the right place, colour and amount, and only what is new is drawn."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.failures import Failure, record_failure
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.sheet import make_sheets
from reelfix.pipeline.sheet_columns import sheet_columns
from reelfix.pipeline.sheet_drawing import SheetColumn
from reelfix.pipeline.sheet_measure import flicker, mean_change, measure_shot
from reelfix.pipeline.sheet_page import SheetEntry, make_page, preview_images
from reelfix.pipeline.sheet_tiles import difference_gain, difference_tile, frame_tile, mask_tile, tile_size
from reelfix.pipeline.shots import Shot

MakeReel = Callable[..., Reel]
SERIAL = ExecutorOptions(scheduler="serial")
STAGES = ("deflicker", "motion", "detect", "restore")


def entry(number: int, *, changed: float = 0.0, is_failed: bool = False) -> SheetEntry:
    return SheetEntry(
        number,
        0,
        10,
        f"shot {number}",
        "",
        "",
        ["torn <b>"] if is_failed else [],
        "x.png",
        changed,
        is_failed,
        True,
    )


def test_sheets_of_a_restored_reel(make_tiny_reel: MakeReel) -> None:
    """One PNG per shot, a page with all; drawn once, and again where something changed."""
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=STAGES), SERIAL)
    sheets = make_sheets(reel)
    assert [path.name for path in sheets.pictures] == ["shot-0001.png", "shot-0002.png"]
    assert sheets.drawn == 2
    with Image.open(Path(str(sheets.pictures[0]))) as picture:
        assert picture.width == 2 * 24 + 150 + 4 * 460 + 3 * 10
        assert np.asarray(picture).std() > 10
    assert make_sheets(reel).drawn == 0
    reel.write_shots([replace(reel.shots()[0], note="the fire"), reel.shots()[1]])
    assert make_sheets(reel).drawn == 1
    reel.write_shots([Shot(1, 0, 20)])
    assert make_sheets(reel).drawn == 1
    assert not (reel.root / "sheets" / "shot-0002.png").exists()


def test_the_page_needs_nothing_beside_it(make_tiny_reel: MakeReel) -> None:
    """Its pictures are in it, and it loads no script, style or font from elsewhere."""
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("deflicker",)), SERIAL)
    page = make_sheets(reel).page.read_text(encoding="utf-8")
    assert page.count("<article") == 2
    assert len(re.findall(r'data-src="data:image/webp;base64,[A-Za-z0-9+/=]{200,}"', page)) == 6
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', page) == []
    assert "http" not in page


def test_failed_and_unfinished_shots_are_shown_as_ingested(make_tiny_reel: MakeReel) -> None:
    """With the reason on the sheet's entry; the page marks them."""
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("deflicker",)), SERIAL)
    task = plan_of(reel).chains[0][0]
    folder = reel.product_folder(task.stage, task.key, task.shot)
    (folder / "commit.json").unlink()
    record_failure(folder, Failure("ValueError: torn\nfilm", "", "2026-01-01T00:00:00+00:00", "host"))
    page = make_sheets(reel).page.read_text(encoding="utf-8")
    record = json.loads((reel.root / "sheets" / "shot-0001.json").read_text())["entry"]
    assert record["is_failed"]
    assert record["problems"][0] == "deflicker failed: ValueError: torn\nfilm"
    assert 'data-is="all failed flagged unfinished"' in page
    assert page.index('id="shot-1"') < page.index('id="shot-2"')


def test_the_page_is_sorted_and_escaped() -> None:
    """Failed first, then by change; what a message holds is text, not markup."""
    sheets = [
        (entry(number, changed=changed, is_failed=failed), {"wide": "w", "narrow": "n"})
        for number, changed, failed in ((1, 0.1, False), (2, 0.3, False), (3, 0.0, True))
    ]
    page = make_page("<reel>", sheets)
    assert re.findall(r'<article id="shot-(\d)"', page) == ["3", "2", "1"]
    assert "torn &lt;b&gt;" in page
    assert "<title>&lt;reel&gt;" in page


def test_the_page_stays_of_modest_size() -> None:
    """With thousands of shots only the most changed get large previews."""
    images = {"wide": "w" * 100_000, "narrow": "n" * 1000}
    page = make_page("r", ((entry(number, changed=number / 1000), images) for number in range(1000)))
    assert len(page) < 60 * 2**20
    assert page.index('data-src="www') < page.index('data-src="nnn')
    assert page.count('data-src="nnn') > 400


def test_measure_tells_what_changed(make_tiny_reel: MakeReel) -> None:
    """Curves have a value per frame, and agree with the frames themselves."""
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=STAGES), SERIAL)
    outcome = outcome_of(reel, reel.shots()[1])
    measure = measure_shot(outcome)
    before, after = outcome.read(10, 20)
    expected = np.abs(after.astype(float) - before).mean(axis=(1, 2, 3)) / 65535
    np.testing.assert_allclose(measure.changed, expected, rtol=1e-4)
    np.testing.assert_allclose(measure.luma_before, before.mean(axis=(1, 2, 3)) / 65535, rtol=1e-4)
    mask = outcome.mask(10, 20)
    assert mask is not None
    np.testing.assert_allclose(measure.dirt, (mask[:, 0] >= 128).mean(axis=(1, 2)), rtol=1e-5)
    assert measure.slice_before.shape == (10, 40)
    assert measure.most_changed == int(expected.argmax())
    columns = sheet_columns(outcome, measure)
    assert [column.frame for column in columns][:3] == [10, 15, 19]
    assert list(columns[0].tiles)[:3] == ["before", "after", "mask"]


def test_the_wipe_shows_the_most_changed_frame() -> None:
    """Wherever its column stands."""
    sheet = Image.new("RGB", (40, 40))

    def column(label: str, level: int) -> SheetColumn:
        tile = np.full((8, 8, 3), level, np.uint8)
        return SheetColumn(label, 0, {"before": tile, "after": tile})

    columns = [column("first", 0), column("middle, most changed", 200), column("last", 90)]
    _, _, encoded = preview_images(sheet, columns)["after"].partition("base64,")
    with Image.open(BytesIO(base64.b64decode(encoded))) as shown:
        assert np.abs(np.asarray(shown).astype(int) - 200).max() < 4


def test_a_single_frame_has_one_column(make_tiny_reel: MakeReel) -> None:
    """First, middle and last are the same frame, shown once."""
    reel = make_tiny_reel(frames=1, shots=1)
    outcome = outcome_of(reel, reel.shots()[0])
    columns = sheet_columns(outcome, measure_shot(outcome))
    assert [(column.label, column.frame) for column in columns] == [("first, middle, last", 0)]
    assert make_sheets(reel).drawn == 1


def test_flicker_is_the_unsteadiness_alone() -> None:
    """A fade has next to none; jumps of 10 % have 10 %."""
    fade = np.linspace(0.2, 0.8, 100).astype(np.float32)
    assert flicker(fade) < 0.003
    jumps = np.full(400, 0.5, np.float32)
    jumps *= 1 + 0.1 * np.random.default_rng(0).choice([-1, 1], 400).astype(np.float32)
    assert flicker(jumps) == pytest.approx(0.1, rel=0.5)
    assert flicker(np.array([0.5], np.float32)) == 0.0


def test_tiles_put_marks_where_the_mask_is() -> None:
    """Dirt red, scratches cyan, at their places, even when shrunk tenfold; elsewhere grey."""
    frame = np.full((1, 200, 200), 30000, np.uint16)
    mask = np.zeros((2, 200, 200), np.uint8)
    mask[0, 55, 55] = 255
    mask[1, :, 150] = 255
    tile = mask_tile(frame, mask, (20, 20), limited=False).astype(int)
    red, green, blue = tile[5, 5]
    assert red > 200
    assert green < 80
    assert blue < 80
    scratch = tile[:, 15]
    assert (scratch[:, 0] < 50).all()
    assert (scratch[:, 2] > 200).all()
    assert np.ptp(tile[15, 5]) == 0


def test_difference_is_signed_and_amplified() -> None:
    """Grey where nothing changed, lighter where it became lighter, by the gain stated."""
    before = np.full((1, 32, 32), 30000, np.uint16)
    after = before.copy()
    after[0, :8] += 655  # one per cent
    after[0, 24:] -= 655
    tile = difference_tile(before, after, (32, 32), 16).astype(int)
    assert tile[16, 16, 0] == 128
    assert tile[4, 4, 0] == pytest.approx(128 + 0.16 * 255, abs=1)
    assert tile[28, 4, 0] == pytest.approx(128 - 0.16 * 255, abs=2)
    assert difference_gain(before, after) == 32
    assert difference_gain(before, before) == 1
    assert mean_change(before, after) == pytest.approx(0.5 * 655 / 65535)


def test_tiles_show_limited_range_as_a_screen_does() -> None:
    """Code 16 of 255 is black and 235 white; colour keeps its channels, pixels their shape."""
    frame = np.stack([np.full((4, 4), code * 257, np.uint16) for code in (16, 126, 235)])
    assert frame_tile(frame, (4, 4), limited=True)[0, 0].tolist() == [0, 128, 255]
    assert tile_size(720, 576, 460, 16 / 15) == (460, 345)
    assert tile_size(100, 400, 460, 1.0)[1] == 690
