"""Training of the judge of dirt: samples of blotches and of their pixels, and two small nets fitted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from reelfix.bin.benchmarks._dirt_cases import Case
from reelfix.restoration.arrays import Plane
from reelfix.restoration.blotch_edges import EDGE_EVIDENCE, edges_of
from reelfix.restoration.blotch_evidence import VIEWS, Scene, scene_of
from reelfix.restoration.blotches import Region, Values
from reelfix.restoration.dirt import suspects_of
from reelfix.restoration.dirt_judge import Net
from reelfix.restoration.neighbours import neighbours_of, repeats_in

_EACH_WAY = 3
_PIXELS = 0.12  # share of the pixels that are looked at in training
_SCRATCHED = 0.2  # weight of a blotch on what is damage too, of another plane
_HIDDEN_BLOTCHES, _EPOCHS_BLOTCHES = (28, 14), 36
_HIDDEN_PIXELS, _EPOCHS_PIXELS = (12,), 6
_RATE = 8e-3


@dataclass(frozen=True)
class Samples:
    """Blotches, and pixels in and about them, with the truth."""

    evidence: Values
    """(n, EVIDENCE)."""
    is_dirt: Values
    """(n,): the damaged share of each blotch."""
    weight: Values
    """(n,)."""
    looks: Values
    """(m, EDGE_EVIDENCE - 1)."""
    number: npt.NDArray[np.intp]
    """(m,): which of the n blotches."""
    is_damaged: npt.NDArray[np.bool_]
    """(m,)."""


def scenes_of(case: Case, *, one_sided: bool = False) -> Iterator[tuple[int, Scene]]:
    """Each frame of a case as its neighbours show it; `one_sided`, those of one side alone show it."""
    lumas = [np.ascontiguousarray(frame[0]) for frame in case.frames.numpy()]
    repeats = repeats_in(lumas)
    for t in range(len(lumas)):
        near = neighbours_of(repeats, case.motion, t, _EACH_WAY)
        if one_sided:
            near = [there for there in near if (there.step > 0) == (t < len(lumas) / 2)]
        if len(near) >= 2:
            yield t, scene_of(lumas, near[:VIEWS], t)


def samples_of(cases: Iterable[Case]) -> Samples:
    """Draw samples: every blotch, and a share of the pixels; a third of the frames as at a shot's end too."""
    rows: list[tuple[Any, ...]] = []
    begun = 0
    for case in cases:
        random = np.random.default_rng(crc32(f"{case.clip} {case.kind}".encode()))
        truth, other = (plane.numpy() > 0 for plane in case.damaged.mask.unbind(1))
        chosen = [
            *scenes_of(case),
            *[(t, scene) for t, scene in scenes_of(case, one_sided=True) if t % 3 == 1],
        ]
        for t, scene in chosen:
            row = _sampled(scene, truth[t], other[t], begun, random)
            if row is not None:
                rows.append(row)
                begun += len(row[0])
    return Samples(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _sampled(
    scene: Scene, truth: Plane, other: Plane, begun: int, random: np.random.Generator
) -> tuple[Any, ...] | None:
    suspects = suspects_of(scene)
    blotches = suspects.blotches
    if not blotches.count:
        return None
    inside = Region(blotches.labels, blotches.count)
    is_dirt = inside.mean(truth.astype(np.float32))
    lost = (inside.mean(other.astype(np.float32)) > 0.3) & (is_dirt < 0.3)
    # The score counts pixels, but one large blotch must not drown a thousand small ones; to lose a hand is
    # worse than to keep a blotch as large.
    weight = blotches.boxes[:, 4] ** np.where(is_dirt < 0.3, 0.45, 0.35) * np.where(lost, _SCRATCHED, 1.0)
    edges = edges_of(blotches, scene, suspects.spikes)
    damaged, elsewhere = truth.ravel()[edges.place], other.ravel()[edges.place]
    picked = (random.random(len(edges.place)) < _PIXELS) & (damaged | ~elsewhere)
    return (
        suspects.evidence.T,
        is_dirt,
        weight,
        edges.looks[:, picked].T,
        edges.number[picked] + begun,
        damaged[picked],
    )


def train_judge(samples: Samples, seed: int = 0) -> dict[str, Any]:
    """Fit both nets; returns the document that `Judge.parse` reads."""
    mean = samples.evidence.mean(axis=0)
    deviation = samples.evidence.std(axis=0) + 1e-3
    blotches = _fitted(
        samples.evidence, samples.is_dirt, samples.weight, mean, deviation,
        _HIDDEN_BLOTCHES, _EPOCHS_BLOTCHES, 512, seed,
    )  # fmt: skip
    odds = Net.parse(blotches).log_odds(samples.evidence.T)
    evidence = np.column_stack([np.clip(odds[samples.number] / 3, -3, 3), samples.looks])
    pixels = _fitted(
        evidence, samples.is_damaged, np.ones(len(evidence)), np.zeros(EDGE_EVIDENCE), np.ones(EDGE_EVIDENCE),
        _HIDDEN_PIXELS, _EPOCHS_PIXELS, 1024, seed,
    )  # fmt: skip
    return {"blotches": blotches, "pixels": pixels}


def _fitted(
    evidence: Values,
    truth: npt.NDArray[Any],
    weight: Values,
    mean: Values,
    deviation: Values,
    hidden: tuple[int, ...],
    epochs: int,
    batch: int,
    seed: int,
) -> dict[str, Any]:
    """Fit a perceptron by AdamW on the weighted cross-entropy, at a rate that rises and falls once.

    The same each time, and with any number of threads; torch's own random state is left as it was.
    """
    standard = np.clip((evidence - mean) / deviation, -4, 4)
    # The mean is numpy's: in torch's the order of sums, and so all that follows, depends on the threads.
    x, y, w = (
        torch.from_numpy(np.asarray(part, np.float32)) for part in (standard, truth, weight / weight.mean())
    )
    sizes = (evidence.shape[1], *hidden)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [nn.Linear(here, there) for here, there in zip(sizes, (*hidden, 1), strict=True)]
        net = nn.Sequential(*[step for layer in layers for step in (layer, nn.Tanh())][:-1])
        optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=0.03)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=epochs * -(-len(x) // batch))
        for _ in range(epochs):
            for chosen in torch.split(torch.randperm(len(x)), batch):
                blurred = x[chosen] + 0.05 * torch.randn(len(chosen), x.shape[1])
                loss = nn.functional.binary_cross_entropy_with_logits(
                    net(blurred)[:, 0], y[chosen], w[chosen]
                )
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                rate.step()
    return {
        "mean": _rounded(mean),
        "deviation": _rounded(deviation),
        "layers": [
            {
                "weights": _rounded(layer.weight.detach().numpy()),
                "biases": _rounded(layer.bias.detach().numpy()),
            }
            for layer in layers
        ],
    }


def _rounded(values: npt.NDArray[Any]) -> list[Any]:
    rounded: list[Any] = np.round(np.asarray(values, np.float64), 4).tolist()
    return rounded
