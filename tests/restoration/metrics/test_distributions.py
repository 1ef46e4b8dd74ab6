import numpy as np
import pytest
from scipy.linalg import sqrtm

from reelfix.restoration.metrics.frechet import frechet_distance
from reelfix.restoration.metrics.kernel_distance import kernel_distance, kernel_distance_spread
from reelfix.restoration.metrics.precision_recall import precision_recall


def _samples(count: int, size: int, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, size)) + shift


@pytest.mark.parametrize(("n", "m"), [(40, 50), (9, 7), (40, 7)])
def test_the_frechet_distance_is_that_of_the_matrix_root(n: int, m: int) -> None:
    first, second = _samples(n, 8), 1.5 * _samples(m, 8, 0.3, seed=1)
    covariances = np.cov(first.T), np.cov(second.T)
    apart = first.mean(0) - second.mean(0)
    root = sqrtm(covariances[0] @ covariances[1]).real
    expected = apart @ apart + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-4)


def test_the_frechet_distance_of_equal_samples_is_zero_and_of_one_picture_unknown() -> None:
    sample = _samples(12, 30)
    assert frechet_distance(sample, sample) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(sample, sample + 2.0) == pytest.approx(30 * 4.0)
    assert np.isnan(frechet_distance(sample, sample[:1]))


def test_the_kernel_distance_is_unbiased() -> None:
    alike = [kernel_distance(_samples(20, 4, seed=2 * i), _samples(20, 4, seed=2 * i + 1)) for i in range(60)]
    assert min(alike) < 0 < max(alike)
    assert abs(np.mean(alike)) < 0.1
    apart = kernel_distance(_samples(20, 4), _samples(20, 4, shift=1.0, seed=1))
    assert apart > 1.0


def test_pairs_of_the_same_picture_are_left_out_where_asked() -> None:
    sample = _samples(10, 4)
    assert kernel_distance(sample, sample, paired=True) == pytest.approx(0, abs=1e-12)
    assert kernel_distance(sample, sample) < -0.1
    with pytest.raises(ValueError, match="must equal"):
        kernel_distance(sample, sample[:5], paired=True)


def test_half_samples_spread_as_whole_ones_do() -> None:
    found = [kernel_distance(_samples(60, 3, seed=i), _samples(60, 3, 0.5, seed=900 + i)) for i in range(80)]
    spread = kernel_distance_spread(_samples(60, 3, seed=5), _samples(60, 3, 0.5, seed=905))
    assert spread == pytest.approx(np.std(found), rel=0.4)


def test_precision_falls_where_pictures_are_unlike_the_truth_and_recall_where_kinds_are_missing() -> None:
    first, second = _samples(120, 4), _samples(120, 4, shift=50.0, seed=1)
    both = np.concatenate([first, second])
    whole = precision_recall(both, both)
    assert (whole.precision, whole.recall) == (pytest.approx(1, abs=1e-6), pytest.approx(1, abs=1e-6))
    partial = precision_recall(first, both)
    assert partial.precision > 0.95
    assert 0.4 < partial.recall < 0.6
    foreign = precision_recall(both, first)
    assert 0.4 < foreign.precision < 0.6
    assert foreign.recall > 0.95
    assert precision_recall(first, second).recall == pytest.approx(0, abs=1e-6)
