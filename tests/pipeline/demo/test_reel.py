import numpy as np
import pytest

from reelfix.pipeline.demo.reel import BLACK, WHITE, DemoFormat, draw_reel

SMALL = DemoFormat(width=96, height=72, shot_frames=(6, 5, 4))


@pytest.fixture(scope="module")
def reel() -> np.ndarray:
    return draw_reel(SMALL)


def test_shape_range_and_code_values(reel: np.ndarray) -> None:
    assert reel.shape == (15, 1, 72, 96)
    assert reel.dtype == np.float32
    assert reel.min() >= BLACK - 1e-3
    assert reel.max() <= WHITE + 1e-3
    codes = reel.astype(np.float64) * SMALL.peak
    assert np.abs(codes - np.rint(codes)).max() < 1e-3


def test_it_is_the_same_at_every_run(reel: np.ndarray) -> None:
    assert np.array_equal(reel, draw_reel(SMALL))


def test_shots_are_cut_where_the_format_says(reel: np.ndarray) -> None:
    assert SMALL.cuts == (6, 11)
    assert SMALL.shots == (slice(0, 6), slice(6, 11), slice(11, 15))
    steps = np.abs(np.diff(reel, axis=0)).mean(axis=(1, 2, 3))
    cuts = [cut - 1 for cut in SMALL.cuts]
    within = np.delete(steps, cuts)
    assert steps[cuts].min() > 2 * within.max()


def test_every_shot_moves_steadily_and_has_texture(reel: np.ndarray) -> None:
    for shot in SMALL.shots:
        frames = reel[shot, 0]
        assert (np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2)) > 1e-3).all()
        assert frames.std() > 0.1
        # Brightness of a shot's frames changes little: what flickers is damage.
        assert np.abs(np.diff(frames.mean(axis=(1, 2)))).max() < 0.012


def test_depth_sets_the_code_values() -> None:
    eight = draw_reel(DemoFormat(width=32, height=24, shot_frames=(2,), depth=8))
    codes = eight.astype(np.float64) * 255
    assert np.abs(codes - np.rint(codes)).max() < 1e-3
