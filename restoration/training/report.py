"""How far a training run has got."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainingReport:
    """How far a run has got."""

    name: str
    folder: Path
    step: int
    steps: int
    was_stopped: bool
    """By Ctrl-C or SIGTERM; not by the end of its minutes."""
    seconds: float
    """Of this call."""
    losses: Mapping[str, float]
    """The last row of `losses.csv`."""
    validation: Mapping[str, float]
    """The last row of `validation.csv`."""
    weights: Path | None
    """The shipped weights, once the run is finished."""

    @property
    def is_finished(self) -> bool:
        """Whether all steps are taken."""
        return self.step >= self.steps
