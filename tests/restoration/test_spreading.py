import numpy as np

from reelfix.restoration.spreading import enlarged, shrunk, spread_all


def test_what_is_known_stays_and_a_hole_gets_its_surroundings() -> None:
    rows = np.mgrid[:40, :64][0].astype(np.float32)
    values = np.stack([rows / 40, np.full_like(rows, 3.0)], axis=-1)[:, :, None]
    weights = np.ones((40, 64, 1), np.float32)
    weights[12:24, 20:36] = 0
    spoilt = values.copy()
    spoilt[12:24, 20:36] = 99
    filled = spread_all(spoilt, weights)
    assert np.abs(filled - values)[weights[..., 0] == 1].max() < 0.05
    assert np.abs(filled[..., 1] - 3).max() < 1e-4
    assert np.abs(filled[12:24, 20:36, 0, 0] - values[12:24, 20:36, 0, 0]).mean() < 0.06


def test_maps_side_by_side_do_not_mix() -> None:
    values = np.zeros((30, 30, 2, 1), np.float32)
    values[:, :, 1] = 5
    weights = np.ones((30, 30, 2), np.float32)
    weights[10:20, 10:20, 0] = 0
    filled = spread_all(values, weights, factor=3)
    assert np.abs(filled[:, :, 0]).max() < 1e-6
    assert np.abs(filled[:, :, 1] - 5).max() < 1e-4


def test_cells_of_a_size_that_does_not_fit_are_filled_up() -> None:
    layers = np.random.default_rng(1).random((13, 17, 6), np.float32)
    small = shrunk(layers, 4)
    assert small.shape == (4, 5, 6)
    np.testing.assert_allclose(small[0, 0], layers[:4, :4].mean(axis=(0, 1)), rtol=1e-5)
    assert enlarged(small, 4, 13, 17).shape == layers.shape
