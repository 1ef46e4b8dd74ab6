import numpy as np
import pytest

from reelfix.restoration.training.colour_hints import (
    HintSettings,
    drawn_hints,
    matched_hints,
    point_hints,
    turned_hues,
)


def _ab(size: int = 24) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    return np.stack([2 * rows - size, size - 2 * columns])


def test_points_tell_the_truth_where_they_are() -> None:
    ab = _ab()
    told, weight = point_hints(ab, 5, np.random.default_rng(1))
    assert set(np.unique(weight)) == {0.0, 1.0}
    assert 5 <= weight.sum() <= 5 * 16
    given = weight[0] > 0
    assert np.abs(told - ab)[:, given].max() <= 3  # means of squares of up to four cells
    assert not told[:, ~given].any()


def test_matched_hints_are_near_the_truth_and_unsure() -> None:
    ab = _ab(48)
    errors, weights = [], []
    for seed in range(40):
        told, weight = matched_hints(ab, np.random.default_rng(seed))
        assert weight.shape == (1, 48, 48)
        assert weight.min() >= 0
        assert weight.max() < 1
        errors.append(np.linalg.norm(told - ab, axis=0).ravel())
        weights.append(weight[0].ravel())
    error, weight = np.concatenate(errors), np.concatenate(weights)
    assert 5 < np.average(error, weights=weight + 1e-6) < np.linalg.norm(ab, axis=0).mean()
    assert weight[error < 10].mean() > 1.2 * weight[error > 40].mean()


def test_as_many_pictures_have_hints_as_asked() -> None:
    random, ab = np.random.default_rng(2), _ab()
    settings = HintSettings(points=0.3, matched=0.2)
    kinds = [drawn_hints(ab, settings, random)[1] for _ in range(600)]
    points = np.mean([weight.max() == 1 for weight in kinds])
    nothing = np.mean([not weight.any() for weight in kinds])
    assert points == pytest.approx(0.3, abs=0.06)
    assert nothing == pytest.approx(0.5, abs=0.08)


def test_hues_are_turned_together_and_only_where_hints_are_many() -> None:
    ab, always = _ab(), HintSettings(turned=1.0)
    everywhere = np.ones((1, 24, 24), np.float32)
    turned, told = turned_hues(ab, ab, everywhere, always, np.random.default_rng(3))
    np.testing.assert_allclose(turned, told)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=0), np.linalg.norm(ab, axis=0), rtol=1e-4)
    assert np.abs(turned - ab).max() > 5
    few = np.zeros_like(everywhere)
    few[0, 3, 3] = 1
    same, _ = turned_hues(ab, ab, few, always, np.random.default_rng(3))
    np.testing.assert_array_equal(same, ab)
