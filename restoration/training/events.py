"""What happens in a training run, as data: the trainer emits these, only `bin/` draws them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TrainingEvent:
    """Something that happened in a run."""

    run: str
    """The recipe's name."""
    step: int
    """Steps taken so far."""

    def to_json(self) -> dict[str, Any]:
        """Return the event's name and fields."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class TrainingStarted(TrainingEvent):
    """Steps are about to be taken; `step` is where an earlier run had got to."""

    steps: int
    folder: str


@dataclass(frozen=True)
class StepTaken(TrainingEvent):
    """One more step is taken."""

    steps: int


@dataclass(frozen=True)
class LossesLogged(TrainingEvent):
    """A row of `losses.csv`: the means since the row before."""

    losses: Mapping[str, float]
    rate: float
    """Of the schedule: 1 is the optimizers' own learning rate."""
    step_seconds: float
    starvation: float
    """Share of the time in which the nets had nothing to do but wait for a batch, in [0, 1]."""
    utilisation: float | None
    """Of the GPU, or of the processors this run may use, in [0, 1]; None where it cannot be told."""


@dataclass(frozen=True)
class Validated(TrainingEvent):
    """A row of `validation.csv`."""

    values: Mapping[str, float]


@dataclass(frozen=True)
class FileWritten(TrainingEvent):
    """A file of the run is whole. `kind`: checkpoint, samples, curves, weights."""

    kind: str
    path: str


@dataclass(frozen=True)
class TrainingNotice(TrainingEvent):
    """Something to know that stops nothing."""

    message: str


EmitTraining = Callable[[TrainingEvent], None]


def unheard(event: TrainingEvent) -> None:
    """Take an event and do nothing with it."""
