"""What an evaluation leaves in a folder: a document, and pictures to look at."""

from dataclasses import dataclass
from pathlib import Path

from reelfix.io.documents import write_bytes, write_text
from reelfix.io.storage import as_path
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.grid import grid_png
from reelfix.pipeline.evaluation.pairs import Measured
from reelfix.pipeline.evaluation.records import dump
from reelfix.pipeline.evaluation.report import evaluation_to_json

DOCUMENT, GRID = "evaluation.json", "grid.png"


@dataclass(frozen=True)
class Output:
    """A folder to write to."""

    folder: Path

    @classmethod
    def claim(cls, folder: Path, *, force: bool) -> "Output":
        """Make sure that nothing will be overwritten, before anything is measured; raises UsageError."""
        for name in (DOCUMENT, GRID):
            if (folder / name).exists() and not force:
                raise UsageError(
                    f"{folder / name} is there already. Name another folder with -o, or replace it with "
                    "--force."
                )
        return cls(folder)

    def write(self, measured: Measured) -> tuple[Path, ...]:
        """Write the document, and the grid where there are pictures; return their paths."""
        document = evaluation_to_json(measured.evaluation, measured.base)
        written = [self.folder / DOCUMENT]
        write_text(as_path(written[0]), dump(document))
        if measured.rows:
            written.append(self.folder / GRID)
            write_bytes(as_path(written[1]), grid_png(measured.rows, measured.columns))
        return tuple(written)
