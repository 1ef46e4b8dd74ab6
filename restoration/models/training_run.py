"""What a training run left behind: its settings, tables and weights, read for a card."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelfix.restoration.models.errors import ModelError

Row = Mapping[str, float]

RUNNING = ("rate", "step_seconds", "starvation", "utilisation")
"""Columns of `losses.csv` that tell of the run, not of what was learned."""


@dataclass(frozen=True)
class TrainingRun:
    """One run; the first of its rows is of an early step, the last of the last."""

    folder: Path
    name: str
    """The recipe's."""
    settings: Mapping[str, Any]
    losses: tuple[Row, ...]
    validation: tuple[Row, ...]

    @property
    def training(self) -> Mapping[str, Any]:
        """Settings of the trainer."""
        found: Mapping[str, Any] = self.settings.get("training", {})
        return found

    @property
    def seed(self) -> int | None:
        """What all that was drawn follows from."""
        return self.training.get("seed")

    @property
    def steps(self) -> int:
        """Steps taken, as far as the tables go."""
        return int(max((row["step"] for row in (*self.losses, *self.validation)), default=0))

    @property
    def hours(self) -> float:
        """Time that the steps took, by what the rows say of it."""
        seconds, before = 0.0, 0.0
        for row in self.losses:
            seconds += (row["step"] - before) * row.get("step_seconds", 0.0)
            before = row["step"]
        return seconds / 3600

    def columns(self, *, of_losses: bool) -> list[str]:
        """Return the names of what was measured: losses, or measures on the validation part."""
        rows = self.losses if of_losses else self.validation
        names = dict.fromkeys(name for row in rows for name in row)
        return [name for name in names if name != "step" and name not in RUNNING]

    def weights_path(self) -> Path:
        """Return where its weights are; raises ModelError before there are any."""
        path = self.folder / f"{self.name}.safetensors"
        if not path.is_file():
            raise ModelError(
                f"{path} is not there: the run is not finished. Go on with it, then make the card."
            )
        return path


def read_run(folder: Path) -> TrainingRun:
    """Read a run's folder; raises ModelError where it is none."""
    path = folder / "settings.toml"
    if not path.is_file():
        raise ModelError(
            f"{folder} is no folder of a training run: it has no settings.toml. Name one that is."
        )
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    name = settings.get("recipe_name")
    if not isinstance(name, str):
        raise ModelError(
            f"{path} names no recipe: recipe_name = {name!r}. Name the folder of a training run."
        )
    return TrainingRun(folder, name, settings, _rows(folder / "losses.csv"), _rows(folder / "validation.csv"))


def _rows(path: Path) -> tuple[Row, ...]:
    if not path.is_file():
        return ()
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(
            {name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)
        )
