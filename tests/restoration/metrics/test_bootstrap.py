import numpy as np
import pytest

from reelfix.restoration.metrics.bootstrap import bootstrap, bootstrap_mean


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(3).standard_normal(200)
    found = bootstrap_mean(values.tolist(), range(200))
    half = 1.96 * values.std() / np.sqrt(200)
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)
    assert found == bootstrap_mean(values.tolist(), range(200))
    assert found != bootstrap_mean(values.tolist(), range(200), seed=1)


def test_items_of_one_group_are_drawn_together() -> None:
    values = np.repeat(np.random.default_rng(4).standard_normal(20), 10)
    alone = bootstrap_mean(values.tolist(), range(200))
    together = bootstrap_mean(values.tolist(), [index // 10 for index in range(200)])
    assert (together.high - together.low) > 2.5 * (alone.high - alone.low)


def test_one_group_says_nothing_and_infinite_values_are_left_out() -> None:
    assert np.isnan(bootstrap_mean([1.0, 2.0], ["a", "a"]).low)
    found = bootstrap_mean([1.0, np.inf, 3.0, np.nan], "abcd")
    assert (found.low, found.high) == (1.0, 3.0)


def test_a_ratio_of_sums() -> None:
    counts = np.array([[1.0, 2.0], [10.0, 10.0]])
    found = bootstrap(counts, ["a", "b"], lambda sums: sums[..., 0] / sums[..., 1])
    assert (found.low, found.high) == (0.5, 1.0)
