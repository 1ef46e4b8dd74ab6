"""Events as lines, bars and JSON: what they say is what happened."""

import json
from io import StringIO

import pytest

from reelfix.bin.progress import BarDisplay, JsonDisplay, LineDisplay, clock_text
from reelfix.bin.tally import OVERALL, Tally
from reelfix.pipeline.events import (
    Event,
    IngestProgress,
    Notice,
    RunStarted,
    TaskDone,
    TaskFailed,
    TaskStarted,
    WindowDone,
    WorkerLost,
)

REEL = "/scans/reel01.reel"
RUN = RunStarted("", 3, 300, 1, "http://127.0.0.1:8787/status", {"detect": 200, "restore": 100})


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_tally_counts_frames_by_stage_and_overall() -> None:
    """Frames found done count as done, but not for the rate; a restarted task is not counted twice."""
    clock = Clock()
    tally = Tally(clock)
    tally.take(RUN)
    tally.take(TaskStarted(REEL, "detect", 1, 100, 40))
    clock.now += 5
    tally.take(WindowDone(REEL, "detect", 1, 40, 30))
    assert (tally.tracks["detect"].done, tally.tracks[OVERALL].done) == (70, 70)
    assert tally.tracks[OVERALL].rate(clock.now) == pytest.approx(30 / 5)
    assert tally.tracks[OVERALL].seconds_left(clock.now) == pytest.approx(230 / 6)
    assert tally.take(WorkerLost(REEL, "detect", 1, 1)) is not None
    tally.take(TaskStarted(REEL, "detect", 1, 100, 40))
    assert tally.tracks["detect"].done == 40
    tally.take(TaskDone(REEL, "detect", 1, 60, 9.0))
    tally.take(TaskStarted(REEL, "restore", 1, 100, 0))
    tally.take(WindowDone(REEL, "restore", 1, 0, 10))
    assert (tally.tracks["detect"].done, tally.tracks["restore"].done, tally.tracks[OVERALL].done) == (
        100,
        10,
        110,
    )
    assert tally.tracks[OVERALL].note == "restore, shot 1 of reel01"


def test_tally_takes_an_ingest_up_where_it_was() -> None:
    """What the first report of an ingest finds done is not part of its rate."""
    clock = Clock()
    tally = Tally(clock)
    tally.take(IngestProgress(REEL, "decode", 500, 1000))
    clock.now += 10
    tally.take(IngestProgress(REEL, "decode", 600, 1000))
    track = tally.tracks["reel01 decode"]
    assert (track.done, track.rate(clock.now), track.seconds_left(clock.now)) == (600, 10.0, 40.0)


def test_lines_come_at_intervals_and_notices_at_once() -> None:
    """Between two lines lie ten seconds; a failure and a notice do not wait."""
    clock, stream = Clock(), StringIO()
    display = LineDisplay(stream, clock)
    events: list[Event] = [RUN, TaskStarted(REEL, "detect", 3, 200, 0)]
    events += [WindowDone(REEL, "detect", 3, start, 8) for start in range(0, 200, 8)]
    for event in events:
        display.show(event)
        clock.now += 1
    display.show(TaskFailed(REEL, "detect", 3, "RuntimeError: no"))
    display.show(Notice(REEL, "an alpha plane was left lying"))
    display.close()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "3 tasks to run (300 frames), 1 done before; dashboard: http://127.0.0.1:8787/status"
    assert lines[1] == "overall: 72 of 300 frames (24 %), 7.2 frames/s, 0:32 left; detect, shot 3 of reel01"
    assert lines[2].startswith("overall: 152 of 300 frames (50 %)")
    assert lines[3] == "reel01: detect failed on shot 3: RuntimeError: no"
    assert lines[4] == "reel01: an alpha plane was left lying"
    assert lines[5].startswith("overall: 200 of 300 frames (66 %)")
    assert len(lines) == 6


def test_bars_show_stage_overall_rate_and_shot() -> None:
    """On a terminal: a bar for each stage and the whole, with what it is at."""
    stream = StringIO()
    display = BarDisplay(stream)
    for event in (RUN, TaskStarted(REEL, "detect", 3, 200, 0), WindowDone(REEL, "detect", 3, 0, 150)):
        display.show(event)
    display.close()
    drawn = stream.getvalue()
    assert "150/200" in drawn
    assert "150/300" in drawn
    assert "detect, shot 3 of reel01" in drawn
    assert "restore" in drawn


def test_json_is_one_object_per_event() -> None:
    """Each line is the event's name and fields, and reads back as the event."""
    stream = StringIO()
    display = JsonDisplay(stream)
    events: list[Event] = [RUN, WindowDone(REEL, "detect", 3, 0, 8)]
    for event in events:
        display.show(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[1] == {
        "event": "WindowDone",
        "reel": REEL,
        "stage": "detect",
        "shot": 3,
        "start": 0,
        "frames": 8,
    }
    assert [Event.from_json(line) for line in lines] == events


@pytest.mark.parametrize(("seconds", "text"), [(5, "0:05"), (65.4, "1:05"), (3723, "1:02:03")])
def test_clock_text(seconds: float, text: str) -> None:
    """Hours only where there are any."""
    assert clock_text(seconds) == text
