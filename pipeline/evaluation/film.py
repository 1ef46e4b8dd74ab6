"""Clean clips, damaged by the generator with known seeds, restored by several methods and measured."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reelfix.io.errors import SourceError
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.cases import ERA_NAMES, KIND_NAMES, Trial, make_trial
from reelfix.pipeline.evaluation.chain import run_chain
from reelfix.pipeline.evaluation.clips import clip_paths, read_clip
from reelfix.pipeline.evaluation.grid import GridRow, busiest, spread
from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.mask_figures import measure_mask
from reelfix.pipeline.evaluation.meter import ClipMeter, TrueFrame, TruthReader
from reelfix.pipeline.evaluation.methods import INPUT, Method
from reelfix.pipeline.evaluation.pairs import Measured
from reelfix.pipeline.evaluation.records import TRUTH, Evaluation, Record
from reelfix.pipeline.events import Emit, EvaluationProgress
from reelfix.restoration.damage import Part, Shapes, load_shapes
from reelfix.restoration.metrics import MaskScore

DEFAULT_MEASURES = (
    *("psnr", "inside", "outside", "ssim", "gmsd", "lpips", "niqe", "warping"),
    *("flicker", "flicker_local", "fid", "kid"),
)
_LEFT_OUT = ("track", "stabilize")
"""The film does not weave here: a picture set upright again lies elsewhere than the clean one."""
_OF_KINDS = (
    "the precision of a kind of damage is that of the marks on it or on nothing: every false mark counts "
    "against every kind, so that it says most of a kind that is alone (--kinds)"
)


@dataclass(frozen=True)
class FilmOptions:
    """How much is measured, of what."""

    cases: tuple[str, ...] = ERA_NAMES
    seeds: int = 1
    """Damages of each clip and case; each takes another stretch of the clip."""
    frames: int = 24
    width: int = 640
    """Clips are scaled to at most so wide."""
    every: int = 6
    """What takes long is measured of every so-manieth frame."""
    grid: int = 8
    part: Part = "tune"


def choose_cases(eras: str | None, kinds: str | None) -> tuple[str, ...]:
    """Read names of eras and of kinds of damage, separated by commas; `all` of each; by default all eras.

    Raises UsageError for a name there is not.
    """
    named = {kind.removesuffix(" alone"): kind for kind in KIND_NAMES}
    found: list[str] = []
    for text, known in ((eras, {era: era for era in ERA_NAMES}), (kinds, named)):
        for name in (part.strip() for part in (text or "").split(",") if part.strip()):
            if name != "all" and name not in known:
                raise UsageError(f"there is no {name!r}. There are: all, {', '.join(known)}.")
            found += list(known.values()) if name == "all" else [known[name]]
    return tuple(dict.fromkeys(found)) or ERA_NAMES


def chosen_clips(folder: Path, names: str | None, part: Part) -> list[Path]:
    """Find the clips of a part in `folder`, or those named; raises SourceError and UsageError."""
    try:
        paths = clip_paths(folder, part)
    except FileNotFoundError as error:
        raise SourceError(str(error)) from error
    wanted = [name.strip() for name in names.split(",")] if names else list(paths)
    for name in wanted:
        if name not in paths:
            raise UsageError(f"there is no clip {name!r} of part {part}. There are: {', '.join(paths)}.")
    return [paths[name] for name in wanted]


def shapes_of(folder: Path | None, part: Part) -> Shapes | None:
    """Load the true shapes of a part; None without a folder. Raises SourceError where they are not there."""
    if folder is None:
        return None
    try:
        return load_shapes(folder, part)
    except FileNotFoundError as error:
        raise SourceError(str(error)) from error


def evaluate_film(
    paths: Sequence[Path],
    shapes: Shapes | None,
    methods: Sequence[Method],
    judges: Judges,
    emit: Emit,
    options: FilmOptions,
) -> Measured:
    """Damage every clip as `options` say, restore it by each method, and measure all against the clean clip.

    `shapes`: of the damage, else drawn ones. The truth is the clean clip at the damaged one's mean exposure.
    One damaged clip and one restored are held at a time. A clip without 12 frames between cuts is left out,
    with a note; raises SourceError where none is left.
    """
    setup = {
        "clips": [path.name for path in paths],
        "methods": {method.name: str(method) for method in methods},
        "shapes": "drawn" if shapes is None else options.part,
        **{name: value for name, value in vars(options).items() if name != "cases"},
    }
    evaluation = Evaluation("damaged clips", setup, judges.measures, [*judges.notes, _OF_KINDS])
    places = list(product(paths, range(options.seeds), options.cases))
    shown = spread(len(places), options.grid)
    rows = []
    for index, trial in enumerate(_trials(places, shapes, options, evaluation)):
        run = _TrialRun(trial, judges, evaluation, options.every)
        for method in methods:
            run.measure(method)
        rows += [run.row] if index in shown else []
        emit(EvaluationProgress("clips", "clips", index + 1, len(places)))
    if not evaluation.records:
        raise SourceError(f"none of {len(paths)} clips can be measured on: {'; '.join(evaluation.notes)}")
    columns = [method.name for method in methods]
    base = next(name for name in ("model-free", INPUT, columns[0]) if name in columns)
    return Measured(evaluation, tuple(rows), (*columns, TRUTH), base)


def _trials(
    places: Sequence[tuple[Path, int, str]],
    shapes: Shapes | None,
    options: FilmOptions,
    evaluation: Evaluation,
) -> Iterator[Trial]:
    for (path, seed), cases in groupby(places, key=lambda place: place[:2]):
        try:
            clip = read_clip(path, frames=options.frames, width=options.width, choice=seed)
        except ValueError as error:
            evaluation.notes.append(str(error))
            continue
        for _, _, case in cases:
            yield make_trial(case, clip, seed, shapes)


class _TrialRun:
    """All methods on one damaged clip."""

    def __init__(self, trial: Trial, judges: Judges, evaluation: Evaluation, every: int) -> None:
        self._trial, self._judges, self._evaluation, self._every = trial, judges, evaluation, every
        reader = TruthReader(with_motion="warping" in judges.measures)
        self._truth = [reader.read(frame) for frame in trial.truth]
        self._facts = {"motion": _motion(self._truth), "frames": float(len(self._truth))}
        marks = trial.damage.strength.float()
        self._shown = int(marks.sum(dim=(1, 2)).argmax())
        label = f"{trial.clip}, {trial.case}, frame {self._shown}"
        self.row = GridRow(label, busiest(marks[self._shown].numpy()))
        self._record(TRUTH, trial.truth, None, {})

    def measure(self, method: Method) -> None:
        """Restore by a method and record how near it comes."""
        products, seconds = self._restored(method)
        masks = _mask_scores(products["mask"], self._trial) if "mask" in products else {}
        facts = {"cpu": seconds / len(self._truth)} if method.preset is not None else {}
        self._record(method.name, products["frames"], masks, facts)

    def _restored(self, method: Method) -> tuple[dict[str, Any], float]:
        if method.preset is None:
            return {"frames": self._trial.input}, 0.0
        started = time.process_time()
        products = run_chain(
            self._trial.input,
            rate=self._trial.rate,
            preset=method.preset,
            leave_out=_LEFT_OUT,
            settings=method.settings,
        )
        return products, time.process_time() - started

    def _record(
        self, name: str, frames: torch.Tensor, masks: dict[str, MaskScore] | None, facts: dict[str, float]
    ) -> None:
        meter = ClipMeter(self._judges, self._every)
        for index, (frame, truth) in enumerate(zip(frames, self._truth, strict=True)):
            is_truth = name == TRUTH
            meter.add(frame, None if is_truth else truth, {} if is_truth else self._places(index))
        figures, inside = meter.split_figures()
        trial = self._trial
        self._evaluation.add(
            Record(
                name, trial.clip, trial.case, trial.seed, figures, inside, masks or {}, self._facts | facts
            ),
            meter.features,
        )
        self.row.add(name, frames[self._shown])

    def _places(self, index: int) -> dict[str, torch.Tensor]:
        damaged = self._trial.damaged[index, 0]
        kinds = {f"under {kind}": marked[index] for kind, marked in self._trial.damage.kinds.items()}
        return {"inside": damaged, "outside": ~damaged, **kinds}


def _mask_scores(mask: torch.Tensor, trial: Trial) -> dict[str, MaskScore]:
    found = measure_mask(mask, trial)
    kinds: dict[str, MaskScore] = dict(found.kinds)
    return {"either": found.either, "dirt": found.dirt, "scratch": found.scratch} | {
        f"kind {kind}": score for kind, score in kinds.items()
    }


def _motion(truth: Sequence[TrueFrame]) -> float:
    lengths = [frame.step.length for frame in truth if frame.step is not None]
    return float(np.mean(lengths)) if lengths else float("nan")
