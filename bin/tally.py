"""How far a command is, added up from events: pure state, for bars and lines alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath

from reelfix.pipeline.events import (
    EvaluationProgress,
    Event,
    ExportProgress,
    IngestProgress,
    Notice,
    RunStarted,
    SheetProgress,
    TaskDone,
    TaskFailed,
    TaskStarted,
    WindowDone,
    WorkerLost,
)

OVERALL = "overall"

_Task = tuple[str, str, int]
"""Reel, stage, shot."""


@dataclass
class Track:
    """One thing that goes from nothing to all."""

    label: str
    total: int | None
    unit: str
    began: float
    """Seconds of the clock."""
    done: int = 0
    found: int = 0
    """What an earlier run had done: part of `done`, but not of the rate."""
    note: str = ""
    """What it is at: `shot 3 of reel01`."""

    def rate(self, now: float) -> float:
        """Return units a second since it began; 0 while that cannot be told."""
        elapsed = now - self.began
        return max(0, self.done - self.found) / elapsed if elapsed > 0 else 0.0

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds to the end at this rate; None while that cannot be told."""
        rate = self.rate(now)
        if self.total is None or rate <= 0:
            return None
        return max(0, self.total - self.done) / rate


@dataclass
class Tally:
    """What the events so far come to."""

    clock: Callable[[], float]
    tracks: dict[str, Track] = field(default_factory=dict)
    latest: Track | None = None
    """The one that moved last; of a run, the overall one."""
    _done: dict[_Task, int] = field(default_factory=dict)
    _frames: dict[_Task, int] = field(default_factory=dict)

    def take(self, event: Event) -> str | None:
        """Add an event; return a line that should be said at once, if any."""
        name = reel_name(event.reel)
        match event:
            case IngestProgress(step=step):
                self._move(f"{name} {step}", event.done, event.total, "B" if step == "hash" else "frames")
            case ExportProgress(step=step):
                self._move(f"{name} {step}", event.done, event.total, "frames")
            case EvaluationProgress():
                self._move(name, event.done, event.total, event.unit)
            case SheetProgress():
                self._move(f"{name} sheets", event.done, event.total, "shots")
            case RunStarted():
                return self._begin_run(event)
            case TaskStarted():
                task = (event.reel, event.stage, event.shot)
                if task not in self._frames:  # not one that a lost worker began before
                    if not any(stage == event.stage for _, stage, _ in self._frames):
                        self._track(event.stage).began = self.clock()
                    for label in (event.stage, OVERALL):
                        self._track(label).found += event.resumed_at
                self._frames[task] = event.frames
                self._place(task, event.resumed_at)
            case WindowDone():
                self._place((event.reel, event.stage, event.shot), event.start + event.frames)
            case TaskDone():
                task = (event.reel, event.stage, event.shot)
                self._place(task, self._frames.get(task, event.frames))
            case TaskFailed():
                return f"{name}: {event.stage} failed on shot {event.shot}: {event.error}"
            case WorkerLost():
                return f"{name}: a worker died at {event.stage}, shot {event.shot} (time {event.losses})"
            case Notice():
                return f"{name}: {event.message}"
        return None

    def _move(self, label: str, done: int, total: int | None, unit: str) -> None:
        track = self.tracks.get(label)
        if track is None:
            # What is there at the first report was there before: an ingest that goes on.
            found = done if total is None or done < total else 0
            track = self.tracks[label] = Track(label, total, unit, self.clock(), found=found)
        track.done, track.total = done, total
        self.latest = track

    def _begin_run(self, event: RunStarted) -> str:
        now = self.clock()
        self.tracks = {
            stage: Track(stage, frames, "frames", now) for stage, frames in event.stage_frames.items()
        }
        self.latest = self.tracks[OVERALL] = Track(OVERALL, event.frames, "frames", now)
        self._done.clear()
        self._frames.clear()
        line = f"{event.tasks} tasks to run ({event.frames} frames), {event.found} done before"
        return line + (f"; dashboard: {event.dashboard}" if event.dashboard else "")

    def _place(self, task: _Task, done: int) -> None:
        """Note that a stage is at frame `done` of a shot."""
        reel, stage, shot = task
        moved = done - self._done.get(task, 0)
        self._done[task] = done
        for label in (stage, OVERALL):
            self._track(label).done += moved
        where = f"shot {shot} of {reel_name(reel)}"
        self.tracks[stage].note = where
        self.tracks[OVERALL].note = f"{stage}, {where}"

    def _track(self, label: str) -> Track:
        if label not in self.tracks:
            self.tracks[label] = Track(label, None, "frames", self.clock())
        return self.tracks[label]


def reel_name(reel: str) -> str:
    """Return `reel01` for `/scans/reel01.reel`."""
    return PurePath(reel).name.removesuffix(".reel")
