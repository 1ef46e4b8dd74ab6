"""Clips and stills in colour, turned gray, coloured by several methods and measured."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from reelfix.io.errors import SourceError
from reelfix.pipeline.evaluation.colour_material import (
    ColourPart,
    ColourTrial,
    read_colour_clip,
    read_colour_still,
)
from reelfix.pipeline.evaluation.colour_meter import ColourMeter, TrueColours, read_truth
from reelfix.pipeline.evaluation.colour_rows import BLUE_WEIGHT, RED_WEIGHT, ColourRow
from reelfix.pipeline.evaluation.grid import Box, GridRow, busiest, spread
from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.pairs import Measured
from reelfix.pipeline.evaluation.records import TRUTH, Evaluation, Record
from reelfix.pipeline.events import Emit, EvaluationProgress
from reelfix.restoration.colour.chroma import rgb_from_chroma

_OF_STILLS = (
    *("psnr", "psnr_lab", "ab", "ab_balanced", "ab_edges", "ab_near"),
    *("lpips", "colorful", "colorful_off", "fid", "kid"),
)
DEFAULT_MEASURES = (*_OF_STILLS, "cdc", "chroma_warping", "chroma_unsteady")
PUBLISHED = (
    "published, on pictures of their own: still colorizers 22 to 24 dB on ImageNet; exemplar video methods "
    "that are given the true first frame 33 to 36 dB on DAVIS"
)
_STRIDE = 4
"""Pixels that a frame takes in a slice through time."""


@dataclass(frozen=True)
class ColourOptions:
    """How much is measured, of what."""

    part: ColourPart = "tune"
    seed: int = 0
    """Of the points that are given."""
    grid: int = 8
    frames: int = 24
    """Of each clip."""
    width: int = 320
    """Clips are scaled to at most so wide."""
    every: int = 6
    """What takes long is measured of every so-manieth frame."""
    count: int = 100
    """Of stills, spread evenly over those there are."""
    size: int = 320
    """Stills are scaled so that no side is longer."""


def evaluate_colour(
    paths: Sequence[Path],
    rows: Sequence[ColourRow],
    judges: Judges,
    emit: Emit,
    options: ColourOptions,
    notes: Sequence[str] = (),
) -> Measured:
    """Turn clips gray, colour them by each of `rows`, and measure all against the clips.

    What is measured has the truth's luma and the row's chroma. A clip without 12 frames between cuts, or
    without colours, is left out, with a note; raises SourceError where none is left.
    """

    def read(path: Path) -> ColourTrial:
        return read_colour_clip(path, frames=options.frames, width=options.width)

    setup = {"clips": [path.name for path in paths], **vars(options)}
    evaluation = Evaluation(
        "clips coloured again", setup, judges.measures, [*judges.notes, *notes, PUBLISHED]
    )
    return _run("clips", paths, read, rows, judges, emit, evaluation, options)


def evaluate_colour_stills(
    folder: Path,
    paths: Sequence[Path],
    rows: Sequence[ColourRow],
    judges: Judges,
    emit: Emit,
    options: ColourOptions,
    notes: Sequence[str] = (),
) -> Measured:
    """Turn stills of `folder` gray, colour them by each of `rows`, and measure all against the stills.

    Stills without colours are left out, with a note; raises SourceError where none is left.
    """
    judges = judges.without("cdc", "chroma_warping", "chroma_unsteady")
    chosen = [paths[place] for place in spread(len(paths), options.count)]
    names = {path: path.relative_to(folder).as_posix() for path in chosen}

    def read(path: Path) -> ColourTrial:
        return read_colour_still(path, names[path], size=options.size)

    setup = {"stills": str(folder), "pictures": list(names.values()), **vars(options)}
    evaluation = Evaluation(
        "stills coloured again", setup, judges.measures, [*judges.notes, *notes, PUBLISHED]
    )
    return _run("pictures", chosen, read, rows, judges, emit, evaluation, options)


def _run(
    unit: str,
    paths: Sequence[Path],
    read: Callable[[Path], ColourTrial],
    rows: Sequence[ColourRow],
    judges: Judges,
    emit: Emit,
    evaluation: Evaluation,
    options: ColourOptions,
) -> Measured:
    shown = spread(len(paths), options.grid)
    drawn: list[GridRow] = []
    for index, path in enumerate(paths):
        try:
            run = _ColourRun(read(path), judges, evaluation, options.every)
        except ValueError as error:
            evaluation.notes.append(str(error))
        else:
            for row in rows:
                run.measure(row)
            drawn += run.drawn if index in shown else []
        emit(EvaluationProgress("colour", unit, index + 1, len(paths)))
    if not evaluation.records:
        raise SourceError(f"none of {len(paths)} {unit} can be measured on: {'; '.join(evaluation.notes)}")
    columns = [row.name for row in rows]
    base = next((name for name in ("constant", "gray", *columns) if name in columns), None)
    return Measured(evaluation, tuple(drawn), (TRUTH, *columns), base)


class _ColourRun:
    """All rows on one clip or still."""

    def __init__(self, trial: ColourTrial, judges: Judges, evaluation: Evaluation, every: int) -> None:
        self._trial, self._judges, self._evaluation, self._every = trial, judges, evaluation, every
        self._truth = read_truth(trial.truth)
        self.drawn = _grid_rows(trial, self._truth)
        self._record(TRUTH, trial.truth)

    def measure(self, row: ColourRow) -> None:
        """Colour by a row and record how near it comes."""
        trial = self._trial
        chroma = row.colour(trial)
        if chroma.shape != (len(trial.luma), 2, *trial.luma.shape[2:]):
            raise ValueError(
                f"row {row.name!r}: {tuple(chroma.shape) = } must be that of the clip, 2 planes."
            )
        self._record(row.name, rgb_from_chroma(trial.luma, chroma, RED_WEIGHT, BLUE_WEIGHT).clamp(0, 1))

    def _record(self, name: str, frames: torch.Tensor) -> None:
        meter = ColourMeter(self._judges, self._every)
        for frame, truth in zip(frames, self._truth, strict=True):
            meter.add(frame, truth, is_truth=name == TRUTH)
        facts = {"frames": float(len(frames))}
        self._evaluation.add(
            Record(name, self._trial.name, figures=meter.figures(), facts=facts), meter.features
        )
        for row, picture in zip(self.drawn, _shown(frames, self.drawn), strict=True):
            row.add(name, picture)


def _grid_rows(trial: ColourTrial, truth: Sequence[TrueColours]) -> list[GridRow]:
    """A crop of the middle frame where it has most colour; of clips, a row of it through time as well."""
    middle = len(truth) // 2
    chroma = truth[middle].lab[1:].norm(dim=0).double().numpy()
    box = busiest(chroma)
    rows = [GridRow(f"{trial.name}, frame {middle}" if len(truth) > 1 else trial.name, box)]
    if len(truth) > 1:
        line = box.top + box.height // 2
        rows.append(
            GridRow(
                f"{trial.name}, line {line} through time, downwards",
                Box(0, box.left, len(truth) * _STRIDE, box.width),
            )
        )
    return rows


def _shown(frames: torch.Tensor, rows: Sequence[GridRow]) -> Iterator[torch.Tensor]:
    box = rows[0].box
    yield frames[len(frames) // 2]
    if len(rows) > 1:
        slices = frames[:, :, box.top + box.height // 2]  # Tx3xW
        yield slices.permute(1, 0, 2).repeat_interleave(_STRIDE, dim=1)
