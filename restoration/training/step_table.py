"""A CSV file of what was measured, a row to a step, that tells no step twice."""

import csv
from collections.abc import Mapping
from pathlib import Path

from reelfix.restoration.training.checkpoint import write_whole


class StepTable:
    """Rows of numbers by step; opened again at a step, what was said of later ones is forgotten."""

    def __init__(self, path: Path, at_step: int) -> None:
        self.path = path
        self.columns, rows = _read(path)
        self.rows = [row for row in rows if row["step"] <= at_step]
        if path.exists():
            self._write_all()

    @property
    def last_step(self) -> int:
        """The step of the last row; -1 where there is none."""
        return int(self.rows[-1]["step"]) if self.rows else -1

    def append(self, step: int, values: Mapping[str, float | None]) -> None:
        """Add a row; a value that is None leaves a gap, a name that is new makes a column."""
        fresh = [name for name in ("step", *values) if name not in self.columns]
        self.columns += fresh
        known = {name: value for name, value in values.items() if value is not None}
        self.rows.append({"step": float(step), **known})
        if fresh:
            self._write_all()
            return
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(self._texts(self.rows[-1]))

    def _write_all(self) -> None:
        def write(temporary: Path) -> None:
            with temporary.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(self.columns)
                writer.writerows(self._texts(row) for row in self.rows)

        write_whole(self.path, write)

    def _texts(self, row: Mapping[str, float]) -> list[str]:
        return [str(int(row["step"])), *(repr(row[name]) if name in row else "" for name in self.columns[1:])]


def _read(path: Path) -> tuple[list[str], list[dict[str, float]]]:
    """Read columns and rows; the last row is left out where its writer was killed within it."""
    if not path.exists():
        return [], []
    text = path.read_text(encoding="utf-8")
    columns, *lines = csv.reader(text[: text.rfind("\n") + 1].splitlines())
    rows = [
        {name: float(value) for name, value in zip(columns, line, strict=True) if value} for line in lines
    ]
    return columns, rows
