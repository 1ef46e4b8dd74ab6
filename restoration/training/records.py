"""What a run leaves to look at: tables of losses and measures, example pictures, curves."""

from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image

from reelfix.restoration.training.board import Board
from reelfix.restoration.training.checkpoint import write_whole
from reelfix.restoration.training.curves import Series, draw_curves
from reelfix.restoration.training.step_table import StepTable


class Records:
    """The files of a run's progress, opened at the step it goes on from."""

    def __init__(self, folder: Path, at_step: int) -> None:
        self._folder = folder
        self.losses = StepTable(folder / "losses.csv", at_step)
        self.validation = StepTable(folder / "validation.csv", at_step)
        self._board = Board(folder / "board", at_step)

    def log(self, step: int, losses: Mapping[str, float], running: Mapping[str, float | None]) -> None:
        """Add a row of losses; `running`: learning rate, time, starvation, utilisation."""
        self.losses.append(step, {**running, **losses})
        self._board.numbers("loss", losses, step)
        self._board.numbers("run", running, step)

    def validated(self, step: int, values: Mapping[str, float]) -> None:
        """Add a row of measures on the validation part."""
        self.validation.append(step, values)
        self._board.numbers("validation", values, step)

    def samples_path(self, step: int) -> Path:
        """Where the example pictures of a step lie."""
        return self._folder / f"samples-{step:08d}.png"

    def write_samples(self, step: int, grid: torch.Tensor) -> Path:
        """Write example pictures: float (C, H, W) in [0, 1], C 1 or 3."""
        picture = grid.detach().float().clamp(0, 1).cpu()
        path = self.samples_path(step)
        levels = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).squeeze(2).numpy()
        _write_picture(path, Image.fromarray(levels))
        self._board.picture("samples", picture, step)
        return path

    def write_curves(self) -> Path | None:
        """Draw every column of both tables; None where they are empty."""
        series = _series(self.losses) | {
            f"validation {name}": points for name, points in _series(self.validation).items()
        }
        if not series:
            return None
        path = self._folder / "curves.png"
        _write_picture(path, draw_curves(series))
        return path

    def close(self) -> None:
        """Force to disk what TensorBoard was given."""
        self._board.close()


def _series(table: StepTable) -> dict[str, Series]:
    columns = [name for name in table.columns if name != "step"]
    return {
        name: [(row["step"], row[name]) for row in table.rows if name in row]
        for name in columns
        if any(name in row for row in table.rows)
    }


def _write_picture(path: Path, picture: Image.Image) -> None:
    write_whole(path, lambda temporary: picture.save(temporary, format="PNG"))
