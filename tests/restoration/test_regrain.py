import cv2
import numpy as np

from reelfix.restoration.regions import Region
from reelfix.restoration.regrain import Grain, clump_of, grain_missing

REGION = Region(slice(10, 74), slice(20, 116), np.ones((64, 96), np.bool_))
EVERYWHERE = np.ones((64, 96), np.bool_)


def grainy(deviation: float, clump: float, seed: int, channels: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((channels, 64, 96)).astype(np.float32)
    noise = np.stack([cv2.GaussianBlur(plane, (0, 0), clump) for plane in noise])
    return 0.5 + deviation * noise / noise.std()


def test_so_much_is_given_back_as_was_lost() -> None:
    here, filled = grainy(0.02, 0.6, 1), grainy(0.012, 0.6, 2)
    none_drawn = np.zeros((64, 96), np.float32)
    added = grain_missing(here, filled, EVERYWHERE, none_drawn, Grain(0.02, 0.6), REGION, 3)
    assert 0.85 < (filled + added).std() / here.std() < 1.15
    kept = grain_missing(here, here, EVERYWHERE, none_drawn, Grain(0.02, 0.6), REGION, 3)
    assert np.abs(kept).max() < 0.005


def test_what_was_drawn_in_gets_all_of_it_but_no_more_than_there_is() -> None:
    here, smooth = grainy(0.02, 0.6, 1), np.full((1, 64, 96), 0.5, np.float32)
    drawn = np.ones((64, 96), np.float32)
    added = grain_missing(here, smooth, EVERYWHERE, drawn, Grain(0.02, 0.6), REGION, 3)
    assert 0.85 < added.std() / 0.02 < 1.15
    texture = grain_missing(here, smooth, EVERYWHERE, drawn, Grain(0.004, 0.6), REGION, 3)
    assert texture.std() < 0.006


def test_grain_differs_from_frame_to_frame_but_not_from_run_to_run() -> None:
    here, smooth = grainy(0.02, 0.6, 1, channels=3), np.full((3, 64, 96), 0.5, np.float32)
    drawn = np.ones((64, 96), np.float32)
    first, again, other = (
        grain_missing(here, smooth, EVERYWHERE, drawn, Grain(0.02, 0.6), REGION, number)
        for number in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(first[0].ravel(), first[1].ravel())[0, 1]) < 0.3


def test_the_size_of_clumps_is_measured() -> None:
    for clump in (0.5, 0.8, 1.2):
        grain = grainy(0.02, clump, 7)[0] - np.float32(0.5)
        assert abs(clump_of(grain) - clump) < 0.15
