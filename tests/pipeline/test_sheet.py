"""Contact sheets show what was done: in the right place, colour and amount, and only what is new is drawn."""

import json
from collections.abc import Callable
from dataclasses import replace
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
from reelfix.pipeline.sheet_alarms import alarm_counts
from reelfix.pipeline.sheet_chart import axis_of
from reelfix.pipeline.sheet_drawing import WIDTH
from reelfix.pipeline.sheet_foot import slice_image
from reelfix.pipeline.sheet_frames import close_ups, sheet_frames
from reelfix.pipeline.sheet_measure import flicker, mean_change, measure_shot, unsteadiness
from reelfix.pipeline.sheet_record import read_large, read_record
from reelfix.pipeline.sheet_spots import Spot, pick_spots, strongest_spots
from reelfix.pipeline.sheet_tiles import difference_gain, difference_tile, frame_tile, mask_tile, tile_size
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.status import reel_status

MakeReel = Callable[..., Reel]
SERIAL = ExecutorOptions(scheduler="serial")
STAGES = ("motion", "detect", "restore")


def test_sheets_of_a_restored_reel(make_tiny_reel: MakeReel) -> None:
    """One PNG per shot, a page with all; drawn once, and again where something changed."""
    reel = make_tiny_reel(height=24, width=96)
    run([reel], RunRequest(stages=STAGES), SERIAL)
    sheets = make_sheets(reel)
    assert [path.name for path in sheets.pictures] == ["shot-0001.png", "shot-0002.png"]
    assert sheets.drawn == 2
    with Image.open(Path(str(sheets.pictures[0]))) as picture:
        assert picture.width == WIDTH
        assert np.asarray(picture).std() > 10
    record = read_record(reel, "shot-0001")
    assert record is not None
    assert (record.entry.start, record.entry.stop, record.entry.timecode) == (0, 10, "00:00:00:00")
    assert [len(curve) for curve in record.small["curves"].values()] == [10] * 8
    assert {"before", "after", "slice_before", "slice_after"} <= set(read_large(reel, "shot-0001")[0])
    assert make_sheets(reel).drawn == 0
    reel.write_shots([replace(reel.shots()[0], note="the fire"), reel.shots()[1]])
    assert make_sheets(reel).drawn == 1
    reel.write_shots([Shot(1, 0, 20)])
    assert make_sheets(reel).drawn == 1
    left = {path.name for path in (reel.root / "sheets").iterdir()}
    assert left == {"alarms.json", "index.html", "shot-0001.json", "shot-0001.pictures.json", "shot-0001.png"}


def test_failed_and_unfinished_shots_are_shown_as_ingested(make_tiny_reel: MakeReel) -> None:
    """With the reason; the page has the failed one first."""
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("restore", "detect")), SERIAL)
    task = plan_of(reel).chains[1][-1]
    folder = reel.product_folder(task.stage, task.key, task.shot)
    (folder / "commit.json").unlink()
    record_failure(folder, Failure("ValueError: torn\nfilm", "", "2026-01-01T00:00:00+00:00", "host"))
    sheets = make_sheets(reel)
    record = read_record(reel, "shot-0002")
    assert record is not None
    assert record.entry.is_failed
    assert not record.entry.is_finished
    assert record.entry.problems[0] == "restore failed: ValueError: torn\nfilm"
    assert "after" not in record.small
    page = sheets.page.read_text(encoding="utf-8")
    assert page.index("Shot 2</a>") < page.index("Shot 1</a>")
    assert sheets.flagged >= 1


def test_alarms_are_counted_until_the_shot_changes(make_tiny_reel: MakeReel) -> None:
    """A shot that was cut in two goes on across the cut: both sides say so, in the JSON and in the count."""
    reel = make_tiny_reel(shots=1, height=288, width=384)
    reel.write_shots([Shot(1, 0, 10), Shot(2, 10, 20)])
    assert alarm_counts(reel, []) == {}
    sheets = make_sheets(reel)
    listed = json.loads((reel.root / "sheets" / "alarms.json").read_text())["shots"]
    kinds = [[alarm["kind"] for alarm in shot["alarms"]] for shot in listed]
    assert kinds == [["no cut"], ["no cut"]]
    assert listed[0]["alarms"][0]["frames"] == [[10, 11]]
    assert sheets.flagged == 2
    outcomes = [outcome_of(reel, shot) for shot in reel.shots()]
    assert alarm_counts(reel, outcomes) == {1: 1, 2: 1}
    assert reel_status(reel).alarms == {1: 1, 2: 1}
    reel.write_shots([Shot(1, 0, 10), Shot(2, 10, 20, note="checked")])
    assert alarm_counts(reel, [outcome_of(reel, shot) for shot in reel.shots()]) == {1: 1}


def test_measure_tells_what_changed(make_tiny_reel: MakeReel) -> None:
    """Curves have a value per frame, and agree with the frames themselves."""
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("detect", "restore")), SERIAL)
    outcome = outcome_of(reel, reel.shots()[1])
    measure = measure_shot(outcome)
    before, after = outcome.read(10, 20)
    expected = np.abs(after.astype(float) - before).mean(axis=(1, 2, 3)) / 65535
    np.testing.assert_allclose(measure.changed, expected, rtol=1e-4)
    assert measure.repaired.shape == (10,)
    # Neither light nor place changed; but averages over a few pixels lose the ends of fine grain.
    np.testing.assert_allclose(measure.repaired, measure.changed, rtol=0.25)
    np.testing.assert_allclose(measure.luma_before, before.mean(axis=(1, 2, 3)) / 65535, rtol=1e-4)
    mask = outcome.mask(10, 20)
    assert mask is not None
    np.testing.assert_allclose(measure.dirt, (mask[:, 0] >= 128).mean(axis=(1, 2)), rtol=1e-5)
    assert (measure.dirt_count > 0).tolist() == (measure.dirt > 0).tolist()
    assert measure.slice_before.shape == (10, 40)
    assert measure.most_changed == int(expected.argmax())
    frames = sheet_frames(outcome, measure)
    assert 10 + int(expected.argmax()) in [frame.frame for frame in frames]
    assert [frame.frame for frame in frames] == sorted({frame.frame for frame in frames})
    assert list(frames[0].tiles) == ["before", "after", "mask", "difference"]
    assert np.ptp(frames[0].tiles["mask"], axis=2).max() > 100  # rings, in colour
    for pair, spot in zip(close_ups(outcome, measure), measure.spots, strict=True):
        assert pair.frame == 10 + spot.frame
        assert np.any(pair.before != pair.after)


def test_a_single_frame_is_shown_once(make_tiny_reel: MakeReel) -> None:
    """First, middle and last are the same frame."""
    reel = make_tiny_reel(frames=1, shots=1)
    outcome = outcome_of(reel, reel.shots()[0])
    frames = sheet_frames(outcome, measure_shot(outcome))
    assert [(frame.label, frame.frame) for frame in frames] == [("middle, first, last", 0)]
    assert make_sheets(reel).drawn == 1


def test_close_ups_are_of_different_things() -> None:
    """The strongest first, none that shows the same place a few frames on; in the order of time."""
    change = np.zeros((60, 80), np.float32)
    change[10:20, 20:30] = 0.5
    change[40:50, 60:70] = 0.2
    first, second = strongest_spots(7, change)
    assert (first.frame, first.x, first.y) == (
        7,
        pytest.approx(0.31, abs=0.04),
        pytest.approx(0.25, abs=0.05),
    )
    assert second.change < first.change
    again = Spot(9, first.x, first.y, 0.1)
    later = Spot(40, first.x, first.y, 0.05)
    assert pick_spots([again, second, later, first], 4) == sorted(
        [first, second, later], key=lambda spot: (spot.frame, spot.x)
    )
    assert strongest_spots(0, np.full((60, 80), 0.005, np.float32)) == []


def test_axes_are_round() -> None:
    """They hold the values, in few steps; a constant curve has one too."""
    assert axis_of(0, 3.75) == (0, 4, 1)
    low, high, step = axis_of(33.1, 34.5)
    assert low <= 33.1
    assert high >= 34.5
    assert (high - low) / step <= 5
    low, high, _ = axis_of(5.0, 5.0)
    assert low < 5 < high
    assert axis_of(0, 0)[0] == 0


def test_flicker_stands_upright_in_a_slice() -> None:
    """Time goes to the right."""
    picture = np.tile(np.array([[50], [200]], np.uint8), (10, 40))
    shown = np.asarray(slice_image(picture, (40, 30)))
    assert shown.shape == (30, 40)
    assert np.ptp(shown, axis=0).max() == 0
    assert np.ptp(shown, axis=1).min() == 150


def test_flicker_is_the_unsteadiness_alone() -> None:
    """A fade has next to none; jumps of 10 % have 10 %."""
    fade = np.linspace(0.2, 0.8, 100).astype(np.float32)
    assert flicker(fade) < 0.003
    jumps = np.full(400, 0.5, np.float32)
    jumps *= 1 + 0.1 * np.random.default_rng(0).choice([-1, 1], 400).astype(np.float32)
    assert flicker(jumps) == pytest.approx(0.1, rel=0.5)
    assert flicker(np.array([0.5], np.float32)) == 0.0
    jump = np.full(21, 0.5, np.float32)
    jump[10] = 0.6
    assert unsteadiness(jump).argmax() == 10
    assert np.count_nonzero(unsteadiness(jump)) == 1


def test_tiles_ring_what_the_mask_marks() -> None:
    """Dirt red, scratches cyan, around their places, even when shrunk; what is marked is seen within."""
    frame = np.full((1, 400, 400), 30000, np.uint16)
    mask = np.zeros((2, 400, 400), np.uint8)
    mask[0, 101, 101] = 255
    mask[1, :, 300] = 255
    mask[0, 300, 100] = 127  # less than even odds
    tile = mask_tile(frame, mask, (40, 40), limited=False).astype(int)
    red, green, blue = tile[10, 12]
    assert red > 200
    assert max(green, blue) < 80
    assert np.ptp(tile[10, 10]) == 0
    is_cyan = ((tile[..., 0] < 50) & (tile[..., 2] > 200)).all(axis=0)
    assert 2 <= is_cyan[:30].sum() <= 3
    assert 2 <= is_cyan[31:].sum() <= 3
    assert not is_cyan[30]
    assert np.ptp(tile[30, 12]) == 0
    assert np.ptp(tile[20, 20]) == 0


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
