import numpy as np
import pytest

from reelfix.bin.benchmarks._bar_sweep import LEVELS, OTHERS, Sweep, markdown
from reelfix.restoration.triplet.compact import BARS

STARTS = np.array([0.02, 0.7, 0.6, 1.0])
EFFECTS = np.array([-0.016, 0.2, 0.3, -0.8])
LEAK = 0.1  # of sharpness' own effect, that denoise takes away


def _sweep(pictures: int = 6) -> Sweep:
    """Bars that act in proportion, in pictures of twos from one clip; `denoise` costs sharpness."""
    shape = (pictures, len(OTHERS), len(BARS), len(LEVELS), len(BARS))
    figures = np.tile(STARTS, (*shape[:-1], 1))
    amounts = np.linspace(0.5, 1.5, pictures)[:, None, None]
    for bar, effect in enumerate(EFFECTS):
        figures[:, :, bar, :, bar] += amounts * effect * np.array(LEVELS)
    figures[:, :, 0, :, 1] -= amounts * LEAK * EFFECTS[1] * np.array(LEVELS)
    aims = np.tile(np.stack([STARTS, [0, 1, 1, 0]]), (pictures, 1, 1))
    return Sweep(figures, aims, [f"clip{picture // 2}" for picture in range(pictures)])


def test_effects_are_in_units_of_each_measure_s_own_bar() -> None:
    sweep = _sweep()
    for bar in range(len(BARS)):
        assert sweep.effect(0, bar, bar)[0] == pytest.approx(1)
    effect, interval = sweep.effect(0, 0, 1)
    assert effect == pytest.approx(-LEAK)
    assert interval.low == pytest.approx(-LEAK)  # the same in every clip, however much damage it had
    assert sweep.effect(1, 2, 3)[0] == pytest.approx(0)


def test_pictures_without_marks_have_no_say_about_them() -> None:
    sweep = _sweep()
    sweep.figures[0, :, :, :, 3] = np.nan
    assert sweep.effect(0, 3, 3)[0] == pytest.approx(1)
    assert sweep.rising(0, 3) == (True, 1.0)
    assert np.isfinite(sweep.curves).all()


def test_a_step_back_is_seen_in_its_picture_and_in_the_mean() -> None:
    sweep = _sweep()
    sweep.figures[0, 0, 1, 3, 1] -= 0.1
    steady, share = sweep.rising(0, 1)
    assert (steady, share) == (True, pytest.approx(5 / 6))
    sweep.figures[:, 0, 1, 3, 1] -= 0.2
    assert sweep.rising(0, 1)[0] is False
    assert sweep.rising(1, 1) == (True, 1.0)


def test_tables_have_a_row_for_each_bar_and_every_cell() -> None:
    blocks = markdown(_sweep()).split("\n\n")
    assert len(blocks) == 1 + len(OTHERS)
    for block in blocks:
        rows = block.splitlines()
        assert len(rows) == 2 + len(BARS)
        assert len({row.count("|") for row in rows}) == 1
    assert "| `denoise` | +1.00 (+1.00 to +1.00) | -0.10 (-0.10 to -0.10) |" in blocks[1]


def test_one_clip_has_no_interval() -> None:
    sweep = _sweep(2)
    assert "| `denoise` | +1.00 | -0.10 |" in markdown(sweep)
