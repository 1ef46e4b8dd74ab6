import numpy as np

from reelfix.restoration.scratch_companions import companions_beside

ROWS = np.arange(60)
COURSE = np.asarray(70 + 3 * np.sin(ROWS / 9), np.float32)


def strip(*offsets: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    luma = 0.4 + np.random.default_rng(2).normal(0, 0.004, (60, 140))
    for offset in offsets:
        away = np.arange(140) - (COURSE[:, None] + offset)
        luma += 0.2 * np.exp(-0.5 * (away / 0.8) ** 2)
    return np.asarray(luma, np.float32)


def test_a_line_beside_is_found_at_its_distance() -> None:
    found = companions_beside(strip(0, 5), 0, ROWS, COURSE)
    assert len(found) == 1
    assert np.abs(found[0] - COURSE - 5).max() <= 1


def test_a_line_by_itself_has_none() -> None:
    assert companions_beside(strip(0), 0, ROWS, COURSE) == []
    assert companions_beside(strip(0, 5), 0, ROWS[:8], COURSE[:8]) == []
