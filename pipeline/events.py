"""What happened, as data: stages and executors emit these, only `bin/` draws them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened on a reel."""

    reel: str

    def to_json(self) -> dict[str, Any]:
        """Return the event's name and fields."""
        return {"event": type(self).__name__, **asdict(self)}

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> "Event":
        """Make the event again of what `to_json` returned."""
        kinds = {kind.__name__: kind for kind in Event.__subclasses__()}
        fields = {name: value for name, value in content.items() if name != "event"}
        return kinds[content["event"]](**fields)


@dataclass(frozen=True)
class IngestProgress(Event):
    """Frames of a source now safe in the store. `step`: hash, decode, verify, shots."""

    step: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Notice(Event):
    """Something the archivist should know, that stops nothing."""

    message: str


@dataclass(frozen=True)
class RunStarted(Event):
    """A plan is about to run: what is to do, and what was found done."""

    tasks: int
    frames: int
    """Frames to process, over all the tasks to run."""
    found: int
    """Tasks whose products were found whole."""
    dashboard: str | None = None
    stage_frames: Mapping[str, int] = field(default_factory=dict)
    """Frames to process, by stage."""


@dataclass(frozen=True)
class TaskStarted(Event):
    """A stage begins (or takes up again) a shot."""

    stage: str
    shot: int
    frames: int
    resumed_at: int
    """Frames of the shot that an earlier run had committed."""


@dataclass(frozen=True)
class WindowDone(Event):
    """A window of a shot is computed, its block not yet committed: for progress, finer than blocks."""

    stage: str
    shot: int
    start: int
    """First frame of the window, counted from the shot's first."""
    frames: int


@dataclass(frozen=True)
class BlockDone(Event):
    """A block of a shot is committed."""

    stage: str
    shot: int
    frames: int
    changed: float
    """Mean absolute change of the block's pixels against what the stage read, in [0, 1]."""


@dataclass(frozen=True)
class TaskDone(Event):
    """A stage's products for a shot are whole."""

    stage: str
    shot: int
    frames: int
    seconds: float


@dataclass(frozen=True)
class TaskFailed(Event):
    """A stage failed on a shot; the shot's later stages wait, all other shots go on."""

    stage: str
    shot: int
    error: str
    """One line; the traceback is in the reel's failures."""


@dataclass(frozen=True)
class WorkerLost(Event):
    """A worker process died while it had this task; the task is given to another."""

    stage: str
    shot: int
    losses: int


@dataclass(frozen=True)
class ExportProgress(Event):
    """Frames written to a master, or checked in it. `step`: encode, check."""

    step: str
    done: int
    total: int


@dataclass(frozen=True)
class SheetProgress(Event):
    """Shots whose contact sheets are made."""

    done: int
    total: int


@dataclass(frozen=True)
class EvaluationProgress(Event):
    """What was measured so far; `reel` is the kind of evaluation. `unit`: pictures, clips, frames."""

    unit: str
    done: int
    total: int | None


Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """Take an event and do nothing with it."""
