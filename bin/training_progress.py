"""A training run on the screen: a bar with the last losses on a terminal, lines elsewhere, or JSON."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from reelfix.bin.progress import LINE_SECONDS, clock_text

if TYPE_CHECKING:
    from rich.progress import TaskID

    from reelfix.restoration.training.events import EmitTraining, TrainingEvent


class TrainingDisplay(Protocol):
    """Something that shows what happens in a run."""

    def show(self, event: "TrainingEvent") -> None:
        """Show one event."""
        ...

    def close(self) -> None:
        """Leave the screen in order."""
        ...


@contextmanager
def showing_training(*, as_json: bool) -> Iterator["EmitTraining"]:
    """Show events as they come: JSON on stdout, else a bar or lines on stderr."""
    display: TrainingDisplay
    if as_json:
        display = TrainingJson(sys.stdout)
    elif sys.stderr.isatty():
        display = TrainingBar(sys.stderr)
    else:
        display = TrainingLines(sys.stderr)
    try:
        yield display.show
    finally:
        display.close()


class TrainingJson:
    """One JSON object per event and line; not one per step."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: "TrainingEvent") -> None:
        """Write one event."""
        content = event.to_json()
        if content["event"] != "StepTaken":
            self._stream.write(json.dumps(content) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Leave the screen in order."""


class TrainingLines:
    """The losses every `LINE_SECONDS` at most; measures, notices and weights at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._steps = 0
        self._last = -LINE_SECONDS

    def show(self, event: "TrainingEvent") -> None:
        """Write a line about an event, where it is time to."""
        from reelfix.restoration.training.events import LossesLogged, TrainingStarted

        if isinstance(event, TrainingStarted):
            self._steps = event.steps
        if isinstance(event, LossesLogged):
            if time.monotonic() - self._last < LINE_SECONDS:
                return
            self._last = time.monotonic()
        line = described(event, self._steps)
        if line is not None:
            self._stream.write(line + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Leave the screen in order."""


class TrainingBar:
    """A bar for the run under way, the last losses beside it, and a line for all else above."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(file=stream, highlight=False, markup=False),
        )
        self._progress.start()
        self._task: TaskID | None = None
        self._steps = 0

    def show(self, event: "TrainingEvent") -> None:
        """Move the bar, or write a line above it."""
        from reelfix.restoration.training.events import LossesLogged, StepTaken, TrainingStarted

        if isinstance(event, TrainingStarted):
            self._steps = event.steps
            self._task = self._progress.add_task(event.run, total=event.steps, completed=event.step, note="")
        elif isinstance(event, StepTaken) and self._task is not None:
            self._progress.update(self._task, completed=event.step)
        elif isinstance(event, LossesLogged) and self._task is not None:
            self._progress.update(self._task, note=losses_text(event))
        line = None if isinstance(event, LossesLogged) else described(event, self._steps)
        if line is not None:
            self._progress.console.print(line)

    def close(self) -> None:
        """Leave the bar where it ended."""
        self._progress.stop()


def described(event: "TrainingEvent", steps: int) -> str | None:
    """Return a line about an event; None for what needs none."""
    from reelfix.restoration.training.events import (
        FileWritten,
        LossesLogged,
        TrainingNotice,
        TrainingStarted,
        Validated,
    )

    where = f"{event.run}: step {event.step} of {steps}"
    if isinstance(event, TrainingStarted):
        begun = f"goes on at step {event.step}" if event.step else "begins"
        return f"{event.run}: {begun}, {event.steps} steps, in {event.folder}"
    if isinstance(event, LossesLogged):
        left = clock_text(event.step_seconds * (steps - event.step))
        return f"{where}, {left} left: {losses_text(event)}"
    if isinstance(event, Validated):
        values = ", ".join(f"{name} {value:.4g}" for name, value in event.values.items())
        return f"{where}, validation: {values}"
    if isinstance(event, TrainingNotice):
        return f"{event.run}: {event.message}"
    if isinstance(event, FileWritten) and event.kind in ("samples", "weights"):
        return f"{where}: {event.path}"
    return None


def losses_text(event: "TrainingEvent") -> str:
    """Return the losses, the time of a step, how long it waited for data, and how busy the device was."""
    from reelfix.restoration.training.events import LossesLogged

    if not isinstance(event, LossesLogged):
        return ""
    parts = [f"{name} {value:.4g}" for name, value in event.losses.items()]
    parts.append(f"{1000 * event.step_seconds:.0f} ms a step")
    parts.append(f"{100 * event.starvation:.0f} % waiting for data")
    if event.utilisation is not None:
        parts.append(f"{100 * event.utilisation:.0f} % busy")
    return ", ".join(parts)
