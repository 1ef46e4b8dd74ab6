"""The table of "Bringing Old Photos Back to Life" (Wan et al., CVPR 2020), on stills of our own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch

from reelfix.io.errors import SourceError
from reelfix.pipeline.evaluation.grid import GridRow, busiest, spread
from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.meter import ClipMeter, TruthReader
from reelfix.pipeline.evaluation.pairs import Measured
from reelfix.pipeline.evaluation.pictures import gray_of, in_part, picture_paths, read_picture
from reelfix.pipeline.evaluation.records import TRUTH, Evaluation, Record
from reelfix.pipeline.evaluation.still_rows import Restorer, StillRow
from reelfix.pipeline.evaluation.stills import StillCase, StillTrial, damage_still
from reelfix.pipeline.events import Emit, EvaluationProgress
from reelfix.restoration.damage import Part, Shapes

DEFAULT_MEASURES = (
    *("psnr", "inside", "outside", "ssim", "gmsd", "lpips", "dists"),
    *("niqe", "fid", "kid", "precision", "recall"),
)
PUBLISHED = (
    "published (Wan et al., 2020, table 1, on pictures of their own): input 12.92 dB, SSIM 0.49, LPIPS 0.59; "
    "theirs 23.33 dB, 0.69, 0.25"
)
_LEAST = 96
"""Pixels along the shorter side: smaller stills are passed over."""


@dataclass(frozen=True)
class PhotoOptions:
    """How many stills are measured, and how they are damaged."""

    cases: tuple[StillCase, ...] = ("old photo",)
    count: int = 100
    """Of stills, spread evenly over those there are."""
    seed: int = 0
    size: int = 256
    """Stills are cut to at most so many pixels a side, about their middle."""
    colour: bool = False
    part: Part = "tune"
    grid: int = 8


def evaluate_photos(
    folder: Path,
    shapes: Shapes | None,
    rows: Sequence[StillRow],
    judges: Judges,
    emit: Emit,
    options: PhotoOptions,
    device: torch.device,
) -> Measured:
    """Damage stills, restore them by each of `rows`, and measure all against the stills.

    Restorers are given the true mask: it is restoring that is measured here, not detection. A row whose net
    or package is not here is left out, with a note. Raises SourceError for a folder without stills.
    """
    judges = judges.without("warping", "flicker", "flicker_local", "unsteady")
    paths = _chosen(folder, options)
    setup = {
        "stills": str(folder),
        "pictures": [path.relative_to(folder).as_posix() for path in paths],
        "shapes": "drawn" if shapes is None else options.part,
        **vars(options),
    }
    evaluation = Evaluation("old photographs", setup, judges.measures, [*judges.notes, PUBLISHED])
    restorers = _opened(rows, device, evaluation)
    places = list(product(paths, options.cases))
    shown = spread(len(places), options.grid)
    drawn = []
    for index, (path, case) in enumerate(places):
        still = _cut(read_picture(path), options)
        trial = damage_still(path.name, still, case, options.seed, shapes)
        row = _measure(trial, path.relative_to(folder).as_posix(), restorers, judges, evaluation)
        drawn += [row] if index in shown else []
        emit(EvaluationProgress("photos", "pictures", index + 1, len(places)))
    names = list(restorers)
    return Measured(evaluation, tuple(drawn), (*names, TRUTH), names[0] if names else None)


def _chosen(folder: Path, options: PhotoOptions) -> list[Path]:
    paths = in_part(list(picture_paths(folder).values()), options.part)
    large = (path for path in paths if min(read_picture(path).shape[1:]) >= _LEAST)
    if options.count >= len(paths):
        found = list(large)
    else:
        found = [paths[place] for place in spread(len(paths), options.count)]
        found = [path for path in found if min(read_picture(path).shape[1:]) >= _LEAST]
    if not found:
        raise SourceError(f"{folder} has no still of at least {_LEAST} x {_LEAST} pixels. Name another.")
    return found


def _opened(rows: Sequence[StillRow], device: torch.device, evaluation: Evaluation) -> dict[str, Restorer]:
    opened = {}
    for row in rows:
        try:
            opened[row.name] = row.open(device)
        except ModuleNotFoundError as error:
            evaluation.notes.append(f"row {row.name!r} is left out: the package {error.name} is not here")
        except (FileNotFoundError, ValueError) as error:
            evaluation.notes.append(f"row {row.name!r} is left out: {error}")
    return opened


def _cut(still: torch.Tensor, options: PhotoOptions) -> torch.Tensor:
    """Take the middle of a still; both sides even."""
    height, width = (min(side - side % 2, options.size - options.size % 2) for side in still.shape[1:])
    top, left = (still.shape[1] - height) // 2, (still.shape[2] - width) // 2
    cut = still[:, top : top + height, left : left + width]
    if not options.colour:
        return gray_of(cut).contiguous()
    return cut.expand(3, -1, -1).contiguous()


def _measure(
    trial: StillTrial,
    item: str,
    restorers: dict[str, Restorer],
    judges: Judges,
    evaluation: Evaluation,
) -> GridRow:
    truth = TruthReader(with_motion=False).read(trial.truth)
    damaged = trial.mask[0] > 0
    places = {"inside": damaged, "outside": ~damaged}
    places |= {f"under {kind}": marked for kind, marked in trial.kinds.items()}
    row = GridRow(f"{item}, {trial.case}", busiest(np.ascontiguousarray(trial.mask[0].numpy())))
    facts = {"damaged": float(trial.mask.mean())}

    def record(name: str, picture: torch.Tensor) -> None:
        meter = ClipMeter(judges)
        meter.add(picture, None if name == TRUTH else truth, {} if name == TRUTH else places)
        figures, inside = meter.split_figures()
        evaluation.add(
            Record(name, item, trial.case, trial.seed, figures, inside, facts=facts), meter.features
        )
        row.add(name, picture)

    record(TRUTH, trial.truth)
    for name, restore in restorers.items():
        restored = restore(trial.input, trial.mask).detach().float().cpu().clamp(0, 1)
        if restored.shape != trial.input.shape:
            raise ValueError(
                f"row {name!r}: {tuple(restored.shape) = } must equal {tuple(trial.input.shape)}."
            )
        record(name, restored)
    return row
