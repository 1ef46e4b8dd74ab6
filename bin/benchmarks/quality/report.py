"""The figures as tables, and how they stand to the goals."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reelfix.bin.benchmarks.quality.measures import Figures
from reelfix.bin.benchmarks.quality.methods import BASELINES, INPUT, OURS
from reelfix.pipeline.evaluation.cases import ERA_NAMES
from reelfix.pipeline.evaluation.mask_figures import MaskFigures
from reelfix.restoration.metrics import MaskScore

COLUMNS = {
    "psnr": "PSNR dB",
    "inside": "inside",
    "outside": "outside",
    "ssim": "SSIM",
    "lpips": "LPIPS",
    "warping": "warping e-4",
    "flicker": "flicker %",
    "flicker_local": "local %",
}
_MOTIONS = ((0.0, 0.5, "still, < 0.5 px"), (0.5, 2.0, "0.5 to 2 px"), (2.0, math.inf, "> 2 px"))

GOAL_PSNR, GOAL_INSIDE, GOAL_F1 = 2.0, 8.0, 0.85


@dataclass(frozen=True)
class Row:
    """One method on one damaged clip."""

    case: str
    clip: str
    seed: int
    method: str
    motion: float
    """Mean length of the clean clip's flow, in pixels."""
    figures: Figures
    mask: MaskFigures | None = None
    cpu_seconds: float = 0.0
    """Processor seconds per frame; 0 where not measured."""


@dataclass
class Results:
    """All rows so far."""

    rows: list[Row] = field(default_factory=list)

    def cases(self) -> list[str]:
        """Name the cases, in the order they were met."""
        return list(dict.fromkeys(row.case for row in self.rows))

    def methods(self) -> list[str]:
        """Name the methods, in the order they were met."""
        return list(dict.fromkeys(row.method for row in self.rows))

    def of(self, method: str, case: str | None = None) -> list[Row]:
        """Rows of a method, of one case or of all."""
        return [row for row in self.rows if row.method == method and case in (None, row.case)]

    def best_baseline(self, case: str) -> tuple[str, float] | None:
        """Name the baseline of the highest mean PSNR in a case, and that PSNR."""
        means = [(name, mean(row.figures.psnr for row in self.of(name, case))) for name in BASELINES]
        known = [(name, value) for name, value in means if not math.isnan(value)]
        return max(known, key=lambda pair: pair[1], default=None)


def mean(values: Iterable[float]) -> float:
    """Mean of the values that are finite; NaN where there are none."""
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def figures_table(results: Results, case: str) -> list[str]:
    """Markdown: a row for each method, its figures averaged over the clips and seeds of a case."""
    lines = [_line(["method", *COLUMNS.values()]), _line(["---"] + ["---:"] * len(COLUMNS))]
    for method in results.methods():
        rows = results.of(method, case)
        if rows:
            values = [mean(getattr(row.figures, name) for row in rows) for name in COLUMNS]
            lines.append(
                _line([method, *(_number(name, value) for name, value in zip(COLUMNS, values, strict=True))])
            )
    return lines


def mask_table(results: Results, method: str = OURS) -> list[str]:
    """Markdown: precision, recall and F1 of either plane by case and by motion, and the recall by kind."""
    heads = ["precision", "recall", "F1", "F1, faint too", "F1 of dirt", "F1 of scratch"]
    lines = [
        _line(["mask of", *heads, "recall by kind"]),
        _line(["---"] + ["---:"] * len(heads) + ["---"]),
    ]
    groups = [(case, results.of(method, case)) for case in results.cases()]
    eras = [row for row in results.of(method) if row.case in ERA_NAMES]
    groups += [
        (f"eras, {name}", [row for row in eras if low <= row.motion < high]) for low, high, name in _MOTIONS
    ]
    for name, rows in groups:
        masks = [row.mask for row in rows if row.mask is not None]
        if masks and any(mask.either.damaged for mask in masks):
            lines.append(_mask_line(name, masks))
    return lines


def goals(results: Results) -> list[str]:
    """State the goals, and what was reached: over the eras where there are any, else over all cases."""
    cases = [case for case in results.cases() if case in ERA_NAMES] or results.cases()
    gains, insides, lines = [], [], []
    for case in cases:
        ours = results.of(OURS, case)
        best = results.best_baseline(case)
        if best is not None:
            gains.append(mean(row.figures.psnr for row in ours) - best[1])
            lines.append(f"{case}: {gains[-1]:+.2f} dB over {best[0]!r}")
        before = mean(row.figures.inside for row in results.of(INPUT, case))
        insides.append(mean(row.figures.inside for row in ours) - before)
    masks = [row.mask.either for case in cases for row in results.of(OURS, case) if row.mask is not None]
    total = sum(masks, MaskScore(0, 0, 0, 0))
    over = mean(gains)
    return [
        *lines,
        f"PSNR over the best baseline of each case: {over:+.2f} dB (goal {GOAL_PSNR:+.0f})",
        f"PSNR inside the damage over the input: {mean(insides):+.2f} dB (goal {GOAL_INSIDE:+.0f})",
        f"mask F1: {total.f1:.3f} (goal {GOAL_F1})",
    ]


def write_csv(results: Results, path: Path) -> None:
    """Write every row: one method on one damaged clip a line."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["case", "clip", "seed", "motion", "method", *COLUMNS, "precision", "recall", "f1", "cpu"]
        )
        for row in results.rows:
            score = row.mask.either if row.mask else None
            masks = (score.precision, score.recall, score.f1) if score else ("", "", "")
            figures = (getattr(row.figures, name) for name in COLUMNS)
            names = (row.case, row.clip, row.seed, f"{row.motion:.2f}", row.method)
            writer.writerow([*names, *(_rounded(value) for value in (*figures, *masks, row.cpu_seconds))])


def _mask_line(name: str, masks: Sequence[MaskFigures]) -> str:
    nothing = MaskScore(0, 0, 0, 0)
    either = sum((mask.either for mask in masks), nothing)
    dirt = sum((mask.dirt for mask in masks), nothing)
    scratch = sum((mask.scratch for mask in masks), nothing)
    faint = sum((mask.faint for mask in masks), nothing)
    by_kind: dict[str, MaskScore] = {}
    for mask in masks:
        for kind, score in mask.kinds.items():
            by_kind[kind] = by_kind.get(kind, nothing) + score
    kinds = ", ".join(f"{kind} {score.recall:.2f}" for kind, score in sorted(by_kind.items()))
    scores = [either.precision, either.recall, either.f1, faint.f1]
    planes = [f"{score.f1:.3f}" if score.damaged else "" for score in (dirt, scratch)]
    return _line([name, *(f"{score:.3f}" for score in scores), *planes, kinds])


def _number(name: str, value: float) -> str:
    if math.isnan(value):
        return ""
    digits = {"ssim": 4, "lpips": 4}.get(name, 2)
    return f"{value:.{digits}f}"


def _rounded(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.5g}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
