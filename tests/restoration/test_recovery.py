import numpy as np

from reelfix.restoration.recovery import from_around, seen_through


def test_what_is_drawn_in_carries_an_edge_across() -> None:
    here = np.full((1, 60, 60), 0.3, np.float32)
    here[:, np.tri(60, k=-1, dtype=bool)] = 0.7  # an edge from corner to corner
    hurt = np.zeros((60, 60), np.bool_)
    hurt[26:32, 10:50] = True
    seen = here.copy()
    seen[:, hurt] = 1.0
    drawn, error = from_around(seen, hurt, hurt)
    apart = np.abs(drawn - here)[0, hurt]
    assert apart.mean() < 0.01
    assert (error[hurt] > 0).all()
    assert np.array_equal(drawn[:, ~hurt], here[:, ~hurt])


def test_a_hole_as_wide_as_the_picture_gets_its_mean_tone() -> None:
    here = np.full((3, 40, 90), 0.4, np.float32)
    hurt = np.zeros((40, 90), np.bool_)
    hurt[:, 20:70] = True
    here[:, hurt] = 0.9
    drawn, _ = from_around(here, hurt, hurt)
    assert np.abs(drawn - 0.4).max() < 0.01


def test_detail_under_a_thin_scratch_is_recovered() -> None:
    random = np.random.default_rng(8)
    rows = np.repeat(random.uniform(0.2, 0.7, (80, 1)).astype(np.float32), 60, axis=1)
    plane = rows + random.normal(0, 0.01, rows.shape).astype(np.float32)
    scratched = plane.copy()
    scratched[:, 30:32] = 0.6 * plane[:, 30:32] + 0.4
    marked = np.zeros(plane.shape, np.bool_)
    marked[:, 30:32] = True
    flat = np.where(marked, np.float32(plane.mean()), plane)
    through = seen_through(scratched[None], flat[None], np.full(plane.shape, 0.5, np.float32), marked, marked)
    assert np.abs(flat - plane)[marked].mean() > 0.1
    assert np.abs(flat + through[0] - plane)[marked].mean() < 0.03
    known = seen_through(scratched[None], plane[None], np.full(plane.shape, 1e-3, np.float32), marked, marked)
    assert np.abs(known[0]).max() < 0.01
