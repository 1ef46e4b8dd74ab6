"""Records summed up: means, differences and mask scores, with what they may be by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from reelfix.pipeline.evaluation.measures import OF_SETS
from reelfix.pipeline.evaluation.records import TRUTH, Evaluation, Record, number
from reelfix.restoration.metrics import MaskScore
from reelfix.restoration.metrics.bootstrap import Interval, Totals, bootstrap, bootstrap_mean
from reelfix.restoration.metrics.frechet import frechet_distance
from reelfix.restoration.metrics.kernel_distance import kernel_distance, kernel_distance_spread
from reelfix.restoration.metrics.precision_recall import precision_recall

_NORMAL_95 = 1.96
_FEWEST_FOR_SETS = 10


@dataclass(frozen=True)
class Figure:
    """One number of a table."""

    value: float
    """NaN where there is none, infinite where all pictures equal the truth."""
    interval: Interval
    """At 95 per cent; NaN where it cannot be told."""
    count: int
    """Items it is the mean of."""

    def to_json(self) -> dict[str, object]:
        """Return the figure as a document."""
        return {
            "value": number(self.value),
            "low": number(self.interval.low),
            "high": number(self.interval.high),
            "items": self.count,
        }


NO_FIGURE = Figure(float("nan"), Interval(float("nan"), float("nan")), 0)


def mean_figure(values: Sequence[float], items: Sequence[str], seed: int = 0) -> Figure:
    """Mean of the finite values; infinite where all are (pictures that equal the truth)."""
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        return Figure(float("inf") if np.inf in values else float("nan"), NO_FIGURE.interval, len(values))
    return Figure(fmean(finite), bootstrap_mean(values, items, seed=seed), len(finite))


def figures_of(evaluation: Evaluation, method: str, case: str | None = None) -> dict[str, Figure]:
    """Return a method's figures by measure: each the mean over its items, of one case or of all."""
    records = evaluation.of(method, case)
    found = {}
    for name in evaluation.measures:
        having = [record for record in records if name in record.figures]
        if having:
            found[name] = mean_figure(
                [record.figures[name] for record in having], [record.item for record in having]
            )
    return found


def gains_of(evaluation: Evaluation, method: str, base: str, case: str | None = None) -> dict[str, Figure]:
    """Return by how much a method's figures differ from `base`'s, item by item."""
    before = {_place(record): record.figures for record in evaluation.of(base, case)}
    found = {}
    for name in evaluation.measures:
        pairs = [
            (record.figures[name] - before[_place(record)][name], record.item)
            for record in evaluation.of(method, case)
            if name in record.figures and name in before.get(_place(record), {})
        ]
        if pairs:
            found[name] = mean_figure([value for value, _ in pairs], [item for _, item in pairs])
    return found


def inside_of(evaluation: Evaluation, method: str) -> dict[str, Figure]:
    """Return a method's PSNR under the marks of each kind of damage."""
    records = evaluation.of(method)
    kinds = dict.fromkeys(kind for record in records for kind in record.inside)
    found = {}
    for kind in kinds:
        having = [record for record in records if kind in record.inside]
        found[kind] = mean_figure([record.inside[kind] for record in having], [each.item for each in having])
    return found


@dataclass(frozen=True)
class Detection:
    """How well a mask finds damage."""

    precision: Figure
    recall: Figure
    f1: Figure

    def to_json(self) -> dict[str, object]:
        """Return the scores as a document."""
        return {name: getattr(self, name).to_json() for name in ("precision", "recall", "f1")}


def detection_of(evaluation: Evaluation, method: str, case: str | None = None) -> dict[str, Detection]:
    """Return a method's mask scores: `either`, `dirt`, `scratch`, and each `kind ...` of damage.

    Pixels are pooled.
    A kind's precision is that of the marks which lie on it or on nothing: what lies on another kind is
    neither.
    """
    records = [record for record in evaluation.of(method, case) if record.masks]
    names = dict.fromkeys(name for record in records for name in record.masks)
    return {name: _detection(name, records) for name in names}


def _detection(name: str, records: Sequence[Record]) -> Detection:
    having = [record for record in records if name in record.masks]
    counts = np.array([_counts(record.masks[name], record.masks["either"], name) for record in having], float)
    items = [record.item for record in having]

    def figure(statistic: int) -> Figure:
        def of(sums: Totals) -> Totals:
            return _scores(sums)[..., statistic]

        return Figure(float(of(counts.sum(axis=0))), bootstrap(counts, items, of), len(having))

    return Detection(figure(0), figure(1), figure(2))


def _counts(score: MaskScore, either: MaskScore, name: str) -> tuple[int, int, int, int]:
    marked = score.marked
    if name.startswith("kind "):
        marked = score.marked_right + either.marked - either.marked_right
    return (marked, score.marked_right, score.damaged, score.damaged_found)


def _scores(sums: Totals) -> Totals:
    """Sums (..., 4) of marked, marked right, damaged, found to precision, recall, F1 (..., 3)."""
    marked, right, damaged, found = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(marked > 0, right / marked, 1.0)
        recall = np.where(damaged > 0, found / damaged, 1.0)
        total = precision + recall
        f1 = np.where(total > 0, 2 * precision * recall / total, 0.0)
    return np.stack([precision, recall, f1], axis=-1)


def sets_of(evaluation: Evaluation, method: str) -> dict[str, Figure]:
    """Compare the set of a method's pictures with the true ones; nothing for fewer than 10 pictures."""
    wanted = [name for name in OF_SETS if name in evaluation.measures]
    if not wanted or method == TRUTH or TRUTH not in evaluation.features:
        return {}
    ours, truth = (np.stack(evaluation.features.get(name, [np.zeros(1)])) for name in (method, TRUTH))
    if min(len(ours), len(truth)) < _FEWEST_FOR_SETS or len(ours) != len(truth):
        return {}
    found = {}
    if "fid" in wanted:
        found["fid"] = _alone(frechet_distance(ours, truth), len(ours))
    if "kid" in wanted:
        kid = kernel_distance(ours, truth, paired=True)
        half = _NORMAL_95 * kernel_distance_spread(ours, truth, paired=True)
        found["kid"] = Figure(1e3 * kid, Interval(1e3 * (kid - half), 1e3 * (kid + half)), len(ours))
    if "precision" in wanted or "recall" in wanted:
        likeness = precision_recall(ours, truth)
        found["precision"] = _alone(likeness.precision, len(ours))
        found["recall"] = _alone(likeness.recall, len(ours))
    return {name: found[name] for name in wanted}


def _alone(value: float, count: int) -> Figure:
    return Figure(value, NO_FIGURE.interval, count)


def _place(record: Record) -> tuple[str, str, int]:
    return record.item, record.case, record.seed
