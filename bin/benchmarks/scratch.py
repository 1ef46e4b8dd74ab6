"""`bin/bench scratch`: how well scratches are found on clips kept aside, by kind; `--train` learns anew."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch

from reelfix.bin.benchmarks._scratch_cases import CLEAN, Case, cases
from reelfix.bin.benchmarks._scratch_training import scene_in, train_odds
from reelfix.restoration.damage import Shapes, load_shapes
from reelfix.restoration.metrics.mask_score import MaskScore, mask_score
from reelfix.restoration.models.registering import write_document
from reelfix.restoration.scratch import Known, scratch_probability
from reelfix.restoration.scratch_odds import WEIGHTS, Odds, trained_odds

_NONE = MaskScore(0, 0, 0, 0)
_CARD = (
    "Odds of scratches: a perceptron for places, logistic regressions for pieces and for pieces linked from "
    "frame to frame, by `bin/bench scratch --train --repetitions {repetitions}` (seeded) on natural clips "
    "(research terms) with grain, dirt, weave and scratches of true strokes laid on, pans and poles, of "
    "clips other than those kept aside. No film was used."
)


@click.command("scratch")
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="With clips/ and damage/."
)
@click.option("--train", is_flag=True, help="Learn from the other clips first, and keep it.")
@click.option("--repetitions", default=1, show_default=True, help="Stretches of each clip to learn from.")
def command(data: Path, train: bool, repetitions: int) -> None:
    """Precision, recall and F1 of the mask of scratches on clips that nothing was learned from."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shapes = load_shapes(data / "damage", "tune")
    learned = _learned(data, shapes, repetitions) if train else None
    odds = Odds.parse(learned) if learned else trained_odds()
    figures = _report(cases(data, shapes, aside=True, repetitions=1), odds)
    if learned:
        write_document(WEIGHTS, learned, metrics=figures)


def _learned(data: Path, shapes: Shapes, repetitions: int) -> dict[str, Any]:
    learned = train_odds(cases(data, shapes, aside=False, repetitions=repetitions))
    return {"card": _CARD.format(repetitions=repetitions), "seed": 0, **learned}


def _report(aside: Iterable[Case], odds: Odds) -> dict[str, dict[str, float]]:
    """Print the figures; returns precision, recall and F1 by kind."""
    scores: dict[str, MaskScore] = defaultdict(lambda: _NONE)
    alarms: dict[str, list[str]] = defaultdict(list)
    for case in aside:
        planes = scratch_probability(scene_in(case), range(len(case.frames)), 1.0, odds, Known())
        mask = torch.from_numpy(np.stack(planes) >= 128)
        if case.kind in CLEAN:
            alarms[case.kind].append(f"{case.clip} {1e4 * float(mask.float().mean()):.2f}")
        else:
            scores[case.kind] += mask_score(mask, torch.from_numpy(case.scratched))
    scores["together"] = sum(scores.values(), _NONE)
    for kind, score in scores.items():
        click.echo(f"{kind:14} precision {score.precision:.3f}  recall {score.recall:.3f}  F1 {score.f1:.3f}")
    for kind, shares in alarms.items():
        click.echo(f"false area in 1e-4, {kind}: " + ", ".join(shares))
    return {
        kind: {name: round(getattr(score, name), 3) for name in ("precision", "recall", "f1")}
        for kind, score in scores.items()
    }
