import numpy as np

from reelfix.restoration.line_strips import BANDS, is_too_small, line_strip


def plain(height: int = 160, width: int = 200) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    grain = np.random.default_rng(3).normal(0, 0.01, (height, width))
    return np.asarray(0.5 + grain, np.float32)


def test_a_line_stands_upright_in_its_polarity_alone() -> None:
    luma = plain()
    luma[:, 90:92] += 0.1
    strip = line_strip(luma)
    assert strip.upright.shape == (2, BANDS, 200)
    assert strip.upright[0].mean(axis=0).argmax() in (89, 90, 91, 92)
    assert strip.upright[0, :, 90].min() > 1.0
    assert strip.upright[1, :, 90].max() < 0.5
    assert strip.filled[0, :, 90].min() > 0.9


def test_a_leaning_line_stands_too() -> None:
    luma = plain()
    for y in range(160):
        x = 80 + y // 14
        luma[y, x : x + 2] -= 0.2
    strip = line_strip(luma)
    assert strip.upright[1, 20, 84:90].max() > 1.0


def test_an_edge_is_no_line() -> None:
    luma = plain()
    luma[:, 100:] += 0.3
    strip = line_strip(luma)
    assert strip.upright[:, :, 96:105].max() < 0.4


def test_of_two_lines_side_by_side_each_stands() -> None:
    luma = plain()
    luma[:, 90:92] += 0.15
    luma[:, 95:97] += 0.15
    upright = line_strip(luma).upright[0, 20]
    assert upright[90:92].max() > 0.8
    assert upright[95:97].max() > 0.8


def test_large_pictures_are_squeezed_to_the_same_work() -> None:
    assert line_strip(np.full((1080, 1440), 0.5, np.float32)).luma.shape == (270, 720)
    assert is_too_small((60, 400))
    assert not is_too_small((120, 160))
