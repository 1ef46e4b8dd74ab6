import numpy as np

from reelfix.restoration.mask_holes import without_holes


def test_small_holes_of_a_mark_are_filled_as_likely_as_what_is_above_them() -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[10:40, 10:40] = 200
    mask[20:24, 20:25] = 60
    mask[19, 20] = 150
    mask[30, 30] = 0
    filled = without_holes(mask)
    assert (filled[20:24, 20:25] == 150).all()
    assert filled[30, 30] == 200
    changed = filled != mask
    assert changed.sum() == 21


def test_rings_openings_and_small_marks_are_left_alone() -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[10:30, 10:30], mask[13:27, 13:27] = 200, 0  # a ring: 204 pixels around 196
    mask[40:52, 40:52], mask[44:52, 45] = 200, 0  # open below
    mask[60:64, 60:64], mask[61, 61] = 200, 0  # small
    mask[70:80, 0:30], mask[75:80, 4] = 200, 0  # open at the picture's edge
    np.testing.assert_array_equal(without_holes(mask), mask)


def test_of_a_large_mark_larger_holes_are_filled() -> None:
    mask = np.full((100, 100), 0, np.uint8)
    mask[5:95, 5:95], mask[40:55, 40:60] = 220, 10
    assert (without_holes(mask)[5:95, 5:95] == 220).all()
    mask[40:70, 40:60] = 10
    np.testing.assert_array_equal(without_holes(mask), mask)
