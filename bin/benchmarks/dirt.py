"""`bin/bench dirt`: how well dirt is found on clips kept aside, by kind; `--train` makes the judge anew."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import click
import cv2
import numpy as np
import torch

from reelfix.bin.benchmarks._dirt_cases import Case, cases
from reelfix.bin.benchmarks._dirt_training import Samples, samples_of, scenes_of, train_judge
from reelfix.restoration.damage import Shapes, load_shapes
from reelfix.restoration.dirt import dirt_probability
from reelfix.restoration.dirt_judge import WEIGHTS, Judge, trained_judge
from reelfix.restoration.metrics.mask_score import MaskScore, mask_score
from reelfix.restoration.models.registering import write_document

_NONE = MaskScore(0, 0, 0, 0)
_CARD = (
    "Judge of dirt: two perceptrons, by `bin/bench dirt --train --repetitions {repetitions}` (seeded) "
    "on natural clips (research terms) with grain, flicker and damage of true shapes laid on, and things "
    "that fly: {blotches} blotches, {pixels} pixels, of clips other than those kept aside. No film was used."
)


@click.command("dirt")
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="With clips/ and damage/."
)
@click.option("--train", is_flag=True, help="Train the judge on the other clips first, and keep it.")
@click.option("--repetitions", default=2, show_default=True, help="Stretches of each clip to train on.")
def command(data: Path, train: bool, repetitions: int) -> None:
    """Precision, recall and F1 of the mask of dirt on clips that its judge was not trained on."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shapes = load_shapes(data / "damage", "tune")
    judge = _trained(data, shapes, repetitions) if train else trained_judge()
    _report(cases(data, shapes, aside=True, repetitions=1), judge)


def _trained(data: Path, shapes: Shapes, repetitions: int) -> Judge:
    made = cases(data, shapes, aside=False, repetitions=repetitions)
    samples: Samples = samples_of(made)
    counts = {"blotches": len(samples.evidence), "pixels": len(samples.looks)}
    document = {"card": _CARD.format(repetitions=repetitions, **counts), **train_judge(samples)}
    write_document(WEIGHTS, document, metrics=counts)
    return Judge.parse(document)


def _report(aside: Iterable[Case], judge: Judge) -> None:
    scores: dict[str, MaskScore] = defaultdict(lambda: _NONE)
    recalls: dict[str, MaskScore] = defaultdict(lambda: _NONE)
    alarms: dict[str, list[str]] = defaultdict(list)
    said, right = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for case in aside:
        truth, other = (plane > 0 for plane in case.damaged.mask.unbind(1))
        found = np.zeros(truth.shape, np.uint8)
        for t, scene in scenes_of(case):
            found[t] = dirt_probability(scene, judge=judge)
        mask = torch.from_numpy(found >= 128) & (truth | ~other)
        scores[case.kind] += mask_score(mask, truth)
        for name, marked in case.damaged.kinds.items():
            if name in ("dirt", "hair", "blotch", "abrasion"):
                recalls[name] += mask_score(mask, marked)
        if case.kind in ("clean", "flying", "thrown", "swinging", "running"):
            share = float((mask & ~truth).float().mean())
            alarms[case.kind].append(f"{case.clip} {100 * share:.3f} %")
        said += np.bincount(found.ravel(), minlength=256)
        right += np.bincount(found[truth.numpy()], minlength=256)
    for kind, score in scores.items():
        click.echo(f"{kind:8} precision {score.precision:.3f}  recall {score.recall:.3f}  F1 {score.f1:.3f}")
    total = sum(
        (scores[kind] for kind in ("era", "dense", "light", "mixed", "abraded", "soft", "specks")), _NONE
    )
    click.echo(f"together precision {total.precision:.3f}  recall {total.recall:.3f}  F1 {total.f1:.3f}")
    click.echo("recall: " + ", ".join(f"{kind} {score.recall:.3f}" for kind, score in recalls.items()))
    for kind, shares in alarms.items():
        click.echo(f"false alarms, {kind}: " + ", ".join(shares))
    _reliability(said, right)


def _reliability(
    said: np.ndarray[tuple[int], np.dtype[np.int64]], right: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> None:
    """Print, for ranges of the probability, its mean and the share that is damaged."""
    levels = np.arange(256)
    pairs = []
    for low in range(8, 256, 31):
        part = slice(low, low + 31)
        if said[part].sum():
            mean = float((said[part] * levels[part]).sum() / said[part].sum() / 255)
            pairs.append(f"{mean:.2f}: {float(right[part].sum() / said[part].sum()):.2f}")
    click.echo("reliability (said: damaged): " + ", ".join(pairs))
