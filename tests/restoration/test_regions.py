import numpy as np

from reelfix.restoration.regions import regions_of


def covered(hurt: np.ndarray) -> np.ndarray:
    """How many regions answer for each pixel."""
    count = np.zeros(hurt.shape, np.int64)
    for region in regions_of(hurt):
        count[region.rows, region.columns] += region.mine
    return count


def test_every_damaged_pixel_is_in_exactly_one_region() -> None:
    random = np.random.default_rng(3)
    hurt = random.random((203, 311)) < 0.004
    hurt[60:90, 100:140] = True
    hurt[-1, -1] = True
    hurt[0, 150] = True
    assert np.array_equal(covered(hurt), hurt.astype(np.int64))


def test_regions_begin_on_the_grid_and_have_sound_surroundings() -> None:
    hurt = np.zeros((240, 320), np.bool_)
    hurt[100:104, 200:203] = True
    (region,) = regions_of(hurt)
    assert region.rows.start % 2 == 0
    assert region.columns.start % 2 == 0
    rows, columns = np.nonzero(region.mine)
    assert min(rows.min(), columns.min()) >= 12
    assert region.mine.size < 60 * 60
    grid_rows, grid_columns = region.grid
    assert (grid_rows.stop - grid_rows.start) * 2 == region.mine.shape[0]
    assert (grid_columns.stop - grid_columns.start) * 2 == region.mine.shape[1]


def test_a_long_thin_mark_is_cut_into_pieces() -> None:
    hurt = np.zeros((500, 500), np.bool_)
    along = np.arange(20, 480)
    hurt[along, along] = True
    regions = regions_of(hurt)
    assert len(regions) > 2
    assert sum(region.mine.size for region in regions) < 0.6 * hurt.size
    assert np.array_equal(covered(hurt), hurt.astype(np.int64))


def test_no_damage_makes_no_region() -> None:
    assert regions_of(np.zeros((40, 50), np.bool_)) == []
