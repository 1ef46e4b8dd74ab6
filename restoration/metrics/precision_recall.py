"""Precision and recall of a set of pictures against another, by their features (PRD)."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2

from reelfix.restoration.metrics.frechet import Sample

_CLUSTERS, _RUNS, _ANGLES, _BETA = 20, 10, 1001, 8
_EPSILON = 1e-10


@dataclass(frozen=True)
class PrecisionRecall:
    """How far one set of pictures looks like another, and how far it covers it."""

    precision: float
    """F_1/8 in [0, 1]: how much of the restored pictures could be true ones."""
    recall: float
    """F_8 in [0, 1]: how much of the true pictures the restored ones come to."""


def precision_recall(restored: Sample, truth: Sample, *, seed: int = 0) -> PrecisionRecall:
    """Compare features (N, D) of restored pictures with those (M, D) of true ones.

    Sajjadi et al., "Assessing Generative Models via Precision and Recall", 2018, algorithm 1: both sets fall
    into 20 clusters of their union (k-means; ten runs, averaged), the histograms p and q give the curve
    `alpha(l) = sum min(l p, q)`, `beta(l) = alpha(l) / l` over 1001 slopes l, and of it the largest F_8 and
    F_1/8. Needs hundreds of pictures: with few, clusters hold one or two. NaN for fewer than two.
    """
    if min(len(restored), len(truth)) < 2:
        return PrecisionRecall(float("nan"), float("nan"))
    both = np.concatenate([restored, truth])
    clusters = min(_CLUSTERS, len(np.unique(both, axis=0)))
    random = np.random.default_rng(seed)
    curves = []
    for _ in range(_RUNS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # an empty cluster adds nothing to either histogram
            _, labels = kmeans2(both, clusters, minit="++", seed=random)
        ours, theirs = (
            np.bincount(part, minlength=clusters) / len(part)
            for part in (labels[: len(restored)], labels[len(restored) :])
        )
        curves.append(_curve(ours, theirs))
    precision, recall = np.mean(curves, axis=0)
    return PrecisionRecall(
        _largest_f(precision, recall, 1 / _BETA),
        _largest_f(precision, recall, _BETA),
    )


def _curve(ours: Sample, theirs: Sample) -> Sample:
    """Precision and recall (2, angles) of two histograms: eq. 7."""
    slopes = np.tan(np.linspace(_EPSILON, np.pi / 2 - _EPSILON, _ANGLES))[:, None]
    precision = np.minimum(slopes * theirs, ours).sum(axis=1)
    recall = precision / slopes[:, 0]
    return np.asarray(np.clip(np.stack([precision, recall]), 0, 1))


def _largest_f(precision: Sample, recall: Sample, beta: float) -> float:
    weight = beta * beta
    scores = (1 + weight) * precision * recall / (weight * precision + recall + _EPSILON)
    return float(scores.max())
