"""Confidence intervals by the bootstrap."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Totals = npt.NDArray[np.float64]
Statistic = Callable[[Totals], Totals]
"""Takes sums (..., K) and gives figures (...)."""


@dataclass(frozen=True)
class Interval:
    """Where a figure lies, at a level of confidence."""

    low: float
    high: float


def bootstrap(
    quantities: Totals,
    groups: Sequence[Hashable],
    statistic: Statistic,
    *,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the interval of `statistic` over items that were drawn from many.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13: percentiles. Items of one
    group (frames of a clip, damages of one picture) are drawn together: what is alike is no more evidence
    than one. `quantities`: float64 (N, K), what each item adds to the sums. `groups`: N names. NaN for
    fewer than two groups, which say nothing of others.
    """
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    count = len(names)
    if count < 2:
        return Interval(float("nan"), float("nan"))
    totals = np.zeros((count, quantities.shape[1]))
    np.add.at(totals, [names[name] for name in groups], quantities)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = statistic(times @ totals)
    figures = figures[np.isfinite(figures)]
    if not len(figures):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def bootstrap_mean(values: Sequence[float], groups: Sequence[Hashable], *, seed: int = 0) -> Interval:
    """Return the interval of a mean; values that are not finite are left out."""
    kept = [(value, group) for value, group in zip(values, groups, strict=True) if np.isfinite(value)]
    quantities = np.array([(value, 1.0) for value, _ in kept]).reshape(-1, 2)
    return bootstrap(quantities, [group for _, group in kept], mean_of, seed=seed)


def mean_of(sums: Totals) -> Totals:
    """Give the mean of sums (..., 2) of values and of ones."""
    return np.asarray(sums[..., 0] / sums[..., 1])
