import numpy as np

from reelfix.restoration.blotch_closing import close_blotches


def picture() -> np.ndarray:
    return np.zeros((120, 160), np.uint8)


def test_cracks_and_holes_of_a_large_blotch_are_closed() -> None:
    probability = picture()
    probability[30:80, 40:100] = 250
    probability[30:80, 60:62] = 0  # a crack
    probability[50:58, 75:83] = 20  # a hole
    closed = close_blotches(probability)
    assert (closed[32:78, 42:98] >= 128).all()
    assert (closed[probability == 250] == 250).all()
    assert not closed[:26].any()
    assert not closed[:, 106:].any()


def test_what_is_likely_counts_at_a_large_blotch_alone() -> None:
    probability = picture()
    probability[30:60, 40:80] = 250
    probability[60:62, 50:60] = probability[100:102, 50:60] = 100
    closed = close_blotches(probability)
    assert (closed[60:62, 50:60] >= 128).all()
    assert (closed[100:102, 50:60] == 100).all()


def test_marks_by_themselves_are_left_as_they_are() -> None:
    probability = picture()
    probability[20:110:9, 20:140:9] = 200
    probability[21:110:9, 20:140:9] = 200
    probability[5:15, 5:15] = 255
    probability[7:13, 7:13] = 0  # a hair's loop
    assert (close_blotches(probability) == probability).all()


def test_a_wide_opening_stays_open() -> None:
    probability = picture()
    probability[10:110, 20:140] = 255
    probability[30:90, 40:120] = 0
    assert not close_blotches(probability)[45:75, 55:105].any()
