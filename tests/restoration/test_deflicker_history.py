import numpy as np

from reelfix.restoration.deflicker_history import DISTANCES, history
from reelfix.restoration.deflicker_pair import GRID, PairChange
from reelfix.restoration.tone_curve import KNOT_COUNT

CELLS = GRID[0] * GRID[1]


def pairs_of(
    levels: np.ndarray, error: float = 0.0, cut: int | None = None
) -> dict[tuple[int, int], PairChange]:
    """Pairs of frames with these levels, with errors, and not alike across a cut."""
    random = np.random.default_rng(1)
    pairs = {}
    for a in range(len(levels)):
        for b in (a + distance for distance in DISTANCES if a + distance < len(levels)):
            change = levels[b] - levels[a] + error * random.normal()
            same = cut is None or (a < cut) == (b < cut)
            pairs[a, b] = PairChange(
                np.full((1, KNOT_COUNT), change), np.full(GRID, change), np.ones(GRID), 0.9 if same else 0.1
            )
    return pairs


def test_levels_come_back() -> None:
    levels = np.random.default_rng(2).normal(0, 0.1, 12)
    found = history(pairs_of(levels), 5, 2, 11)
    np.testing.assert_array_equal(found.times, np.arange(-3, 7))
    np.testing.assert_allclose(found.curves[:, 0, 4], levels[2:] - levels[5], atol=1e-5)
    np.testing.assert_allclose(found.fields[:, 7], levels[2:] - levels[5], atol=1e-5)
    assert found.noise.max() < 1e-9


def test_errors_do_not_add_up() -> None:
    found = history(pairs_of(np.zeros(33), error=0.02), 16, 0, 32)
    assert np.abs(found.fields).max() < 0.04  # a chain of sixteen would be off by 0.08
    assert 1e-4 < found.noise.mean() < 5e-4


def test_what_lies_beyond_a_cut_is_left_out() -> None:
    found = history(pairs_of(np.zeros(12), cut=7), 4, 0, 11)
    np.testing.assert_array_equal(found.times, np.arange(-4, 3))


def test_a_frame_that_nothing_ties() -> None:
    found = history(pairs_of(np.zeros(4), cut=1), 0, 0, 3)
    assert found.times.tolist() == [0]
    assert found.fields.shape == (1, CELLS)
