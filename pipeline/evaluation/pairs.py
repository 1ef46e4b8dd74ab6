"""Folders of restored pictures against a folder of true ones, paired by name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from reelfix.io.errors import SourceError
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.grid import GridRow, busiest, spread
from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.meter import ClipMeter, TruthReader
from reelfix.pipeline.evaluation.pictures import gray_of, picture_paths, read_picture
from reelfix.pipeline.evaluation.records import TRUTH, Evaluation, Record
from reelfix.pipeline.events import Emit, EvaluationProgress

DEFAULT_MEASURES = ("psnr", "ssim", "gmsd", "lpips", "dists", "niqe", "fid", "kid", "precision", "recall")


@dataclass(frozen=True)
class Measured:
    """What a run gives: its figures, and the pictures to look at."""

    evaluation: Evaluation
    rows: tuple[GridRow, ...]
    columns: tuple[str, ...]
    """Of the grid."""
    base: str | None = None
    """The method that others' gains are over."""

    def over(self, base: str) -> "Measured":
        """Return the same with gains over another method; over none, with a note, where it is not there."""
        if base in self.evaluation.methods:
            return replace(self, base=base)
        methods = ", ".join(self.evaluation.methods)
        self.evaluation.notes.append(f"there is no {base!r} to compare with; there are: {methods}")
        return replace(self, base=None)


def evaluate_pairs(
    folders: Sequence[Path], truth: Path, judges: Judges, emit: Emit, *, grid: int = 8
) -> Measured:
    """Measure every picture of `folders` that `truth` has one of the same name for; `grid`: crops shown.

    Gray pictures are compared with colour ones by their luma. Raises SourceError where nothing pairs up, a
    picture cannot be read, or two of a pair differ in size.
    """
    judges = judges.without("warping", "flicker", "flicker_local", "unsteady", "inside", "outside")
    true_paths = picture_paths(truth)
    named = _named(folders)
    paths = {name: picture_paths(folder) for name, folder in named.items()}
    common = [item for item in true_paths if all(item in found for found in paths.values())]
    if not common:
        raise SourceError(
            f"{truth} has no picture of a name that {', '.join(map(str, folders))} have as well. "
            "Pictures are paired by their names without the suffix."
        )
    evaluation = Evaluation(
        "pairs of pictures",
        {"truth": str(truth), "folders": {name: str(folder) for name, folder in named.items()}},
        judges.measures,
        list(judges.notes),
    )
    for name, found in {TRUTH: true_paths, **paths}.items():
        if len(found) > len(common):
            evaluation.notes.append(
                f"{len(found) - len(common)} pictures of {name} have no pair, and are left out"
            )
    shown = spread(len(common), grid)
    rows = []
    for index, item in enumerate(common):
        pictures = {name: read_picture(found[item]) for name, found in paths.items()}
        row = _measure(item, pictures, read_picture(true_paths[item]), judges, evaluation, index in shown)
        rows += [row] if row else []
        emit(EvaluationProgress("pairs", "pictures", index + 1, len(common)))
    return Measured(evaluation, tuple(rows), (*named, TRUTH))


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    """Name the folders as short as tells them apart."""
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names) or TRUTH in names:
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise UsageError(f"{folders[0]} and another folder are the same. Name each once.")
    return dict(zip(names, folders, strict=True))


def _measure(
    item: str,
    pictures: dict[str, torch.Tensor],
    truth: torch.Tensor,
    judges: Judges,
    evaluation: Evaluation,
    is_shown: bool,
) -> GridRow | None:
    if any(len(picture) != len(truth) for picture in pictures.values()):
        truth, pictures = gray_of(truth), {name: gray_of(picture) for name, picture in pictures.items()}
    true_frame = TruthReader(with_motion=False).read(truth)
    for name, picture in {TRUTH: truth, **pictures}.items():
        if picture.shape != truth.shape:
            raise SourceError(
                f"{item} is {picture.shape[2]}x{picture.shape[1]} in {name} and "
                f"{truth.shape[2]}x{truth.shape[1]} in the truth; they must be of one size. "
                "Scale one, or take the pair away."
            )
        meter = ClipMeter(judges)
        meter.add(picture, None if name == TRUTH else true_frame)
        evaluation.add(Record(name, item, figures=meter.figures()), meter.features)
    if not is_shown:
        return None
    apart = torch.stack([(picture - truth).abs().mean(dim=0) for picture in pictures.values()]).sum(dim=0)
    row = GridRow(item, busiest(apart.numpy()))
    for name, picture in {**pictures, TRUTH: truth}.items():
        row.add(name, picture)
    return row
