import numpy as np

from reelfix.bin.benchmarks._scratch_cases import _panned, _with_poles
from reelfix.bin.benchmarks._scratch_training import _fitted_net, _regressed
from reelfix.restoration.scratch_odds import Layer


def test_a_regression_tells_apart_what_differs_and_rises_where_it_must() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(400, 3)).astype(np.float32)
    is_scratch = values[:, 0] - 0.5 * values[:, 1] > 0
    weight = np.ones(400, np.float32)
    free = Layer.parse(_regressed((values, is_scratch, weight)))
    assert ((free(values)[:, 0] > 0) == is_scratch).mean() > 0.97
    assert free.weights[0, 1] < -0.5
    rising = Layer.parse(_regressed((values, is_scratch, weight), rising=True))
    assert rising.weights.min() >= 0
    assert rising.weights[0, 0] > 1


def test_a_net_is_the_same_for_the_same_seed() -> None:
    random = np.random.default_rng(1)
    values = random.normal(3, 2, size=(300, 4)).astype(np.float32)
    rows = values, values[:, 0] > 3, np.ones(300, np.float32)
    assert _fitted_net(rows, 0) == _fitted_net(rows, 0)
    assert _fitted_net(rows, 0) != _fitted_net(rows, 1)


def test_poles_and_pans_keep_shape_and_range() -> None:
    clip = np.full((4, 1, 40, 60), 0.5, np.float32)
    for changed in (
        _with_poles(clip, np.random.default_rng(2)),
        _panned(clip * np.linspace(0.5, 1, 60, dtype=np.float32), np.random.default_rng(2)),
    ):
        assert changed.shape == clip.shape
        assert changed.min() >= 0
        assert changed.max() <= 1
        assert changed.std() > 0.01
