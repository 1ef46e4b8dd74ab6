"""Pictures of what changed in colour: the hue given, at one scale, grey where there was nothing to change."""

import numpy as np
import pytest

from reelfix.pipeline.colour_planes import chroma_of
from reelfix.pipeline.sheet_tiles import colour_change, colour_gain, colour_tile, difference_gain

WEIGHTS = 0.299, 0.114
SIZE = (16, 8)


def chroma(blue: float, red: float) -> np.ndarray:
    """Chroma (2, 8, 16): none on the left half, B'-Y' and R'-Y' of that share of the peak on the right."""
    codes = np.full((2, 8, 16), 32768, np.uint16)
    codes[0, :, 8:] += round(blue * 32767)
    codes[1, :, 8:] += round(red * 32767)
    return codes


def test_colours_given_to_gray_film_are_shown_amplified_at_the_luma_of_grey() -> None:
    before = np.full((1, 8, 16), 32768, np.uint16)
    change = colour_change(before, chroma(0.0, 0.05), SIZE, WEIGHTS)
    assert change[1, 4, 12] == pytest.approx(0.05, abs=1e-4)
    tile = colour_tile(before, change, 4, WEIGHTS).astype(int)
    assert tile[4, 3].tolist() == [128, 128, 128]
    red, green, blue = tile[4, 12]
    assert red == pytest.approx(127.5 + 4 * 0.05 * 255, abs=1)
    assert blue == 128
    assert 0.299 * red + 0.587 * green + 0.114 * blue == pytest.approx(127.5, abs=1)


def test_what_has_the_colour_can_be_seen_faintly() -> None:
    luma = np.zeros((1, 8, 16), np.uint16)
    luma[0, 4:] = 65535
    tile = colour_tile(luma, np.zeros((2, 8, 16), np.float32), 4, WEIGHTS).astype(int)
    assert np.ptp(tile, axis=2).max() == 0
    assert 40 < tile[6, 4, 0] - tile[1, 4, 0] < 100


def test_film_in_colour_that_keeps_its_own_shows_none() -> None:
    before = np.random.default_rng(0).integers(9000, 50000, (3, 8, 16)).astype(np.uint16)
    own = chroma_of(before[None], *WEIGHTS)[0]
    assert np.abs(colour_change(before, own, SIZE, WEIGHTS)).max() < 1e-4
    other = colour_change(before, (own + 3277).astype(np.uint16), SIZE, WEIGHTS)
    assert other == pytest.approx(np.full((2, 8, 16), 0.1), abs=1e-3)


def test_frames_share_the_amplification_of_the_strongest() -> None:
    before = np.zeros((1, 8, 16), np.uint16)
    pale, strong = (colour_change(before, chroma(0.0, amount), SIZE, WEIGHTS) for amount in (0.012, 0.12))
    assert colour_gain([pale]) == 32
    assert colour_gain([pale, strong]) == colour_gain([strong]) == 4
    assert colour_gain([np.zeros_like(pale)]) == 1


def test_amplified_changes_stay_within_the_scale() -> None:
    """Grey is half of it: a change of 2 % is shown 16 times larger, not 32 times and all white."""
    before = np.full((1, 8, 16), 30000, np.uint16)
    assert difference_gain(before, before + np.uint16(1311)) == 16
