"""Which files are learned from and which are measured on, written down once and kept to."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from reelfix.restoration.training.checkpoint import write_whole
from reelfix.restoration.training.errors import TrainingDataError


@dataclass(frozen=True)
class Split:
    """Files by part, in order of their paths."""

    train: tuple[Path, ...]
    validation: tuple[Path, ...]


def split_by_name(files: Sequence[Path], validation_share: float) -> Split:
    """Split files by the CRC-32 of their names: a file keeps its part whatever comes beside it.

    Where no name falls to one of the parts, the file nearest to it does, so that neither is empty. Raises
    TrainingDataError for fewer than two files.
    """
    if len(files) < 2:
        raise TrainingDataError(
            f"{len(files)} files of training data cannot be split: there must be 2 or more, one of them to "
            "measure on. Name more with --data."
        )
    places = {file: crc32(file.name.encode()) / 2**32 for file in sorted(files)}
    limit = min(max(validation_share, min(places.values())), _second_largest(list(places.values())))
    return Split(
        tuple(file for file, place in places.items() if place > limit),
        tuple(file for file, place in places.items() if place <= limit),
    )


def _second_largest(places: list[float]) -> float:
    return max((place for place in places if place < max(places)), default=max(places))


def write_split(path: Path, split: Split) -> None:
    """Write the split as CSV: part, file."""

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("part", "file"))
            writer.writerows(("train", name) for name in split.train)
            writer.writerows(("validation", name) for name in split.validation)

    write_whole(path, write)


def read_split(path: Path) -> Split:
    """Read a split that was written; raises TrainingDataError where one of its files is gone."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row["part"], Path(row["file"])) for row in csv.DictReader(file)]
    gone = [name for _, name in rows if not name.exists()]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise TrainingDataError(
            f"{gone[0]}{more} of this run's data is gone ({path} lists it): a run goes on with the files it "
            "began with. Put it back, or begin a run in another folder."
        )
    return Split(
        tuple(name for part, name in rows if part == "train"),
        tuple(name for part, name in rows if part == "validation"),
    )
