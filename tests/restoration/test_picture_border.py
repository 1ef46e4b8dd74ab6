import numpy as np
import numpy.typing as npt

from reelfix.restoration.picture_border import border_of, columns_of, without_border


def scan(count: int = 20, width: int = 300) -> list[npt.NDArray[np.float32]]:
    """A scene that moves past, and fills the scan."""
    random = np.random.default_rng(2)
    scene = np.repeat(random.uniform(0.3, 0.7, (30, width // 10 + count)), 10, axis=1).repeat(4, axis=0)
    return [scene[:, 4 * t : 4 * t + width].astype(np.float32) for t in range(count)]


def test_the_side_of_black_beside_the_picture_is_its_border() -> None:
    frames = scan()
    for frame in frames:
        frame[:, :20] = 16 / 255
    border = border_of([columns_of(frame) for frame in frames], 10)
    np.testing.assert_array_equal(np.flatnonzero(border), np.arange(26))
    border = border_of([columns_of(frame[:, ::-1].copy()) for frame in frames], 10)
    np.testing.assert_array_equal(np.flatnonzero(border), np.arange(274, 300))


def test_last_columns_that_darken_are_the_border_and_a_scan_cut_in_the_picture_has_none() -> None:
    frames = scan()
    columns = [columns_of(frame) for frame in frames]
    assert not border_of(columns, 10).any()
    for frame in frames:
        frame[:, 299] *= 0.6
    border = border_of([columns_of(frame) for frame in frames], 10)
    np.testing.assert_array_equal(np.flatnonzero(border), np.arange(296, 300))


def test_a_dark_scene_and_black_for_a_moment_are_no_border() -> None:
    frames = [frame * 0.05 for frame in scan()]
    assert not border_of([columns_of(frame) for frame in frames], 10)[30:-30].any()
    frames = scan()
    for frame in frames[8:12]:
        frame[:, :20] = 0
    assert not border_of([columns_of(frame) for frame in frames], 10).any()


def test_only_frames_within_reach_tell_of_the_border() -> None:
    columns = [columns_of(frame) for frame in scan(20)]
    odd = [columns_of(np.zeros((120, 300), np.float32))] * 5
    np.testing.assert_array_equal(border_of(columns, 10), border_of([*odd, *columns[2:19], *odd], 13))


def test_what_the_net_alone_sees_at_the_border_is_dropped_and_all_of_a_line_mostly_there() -> None:
    lines, known = np.zeros((100, 80), np.uint8), np.zeros((100, 80), np.uint8)
    border = np.arange(80) >= 70
    lines[:, 68:73] = 200  # mostly at the border
    lines[:40, 60:72] = 0
    lines[:, 40:43] = 210  # within the picture
    lines[50, 43:72] = 210  # reaches the border
    lines[0:30, 76:78], known[0:30, 76:78] = 190, 140  # found without a net
    lines[60:70, 60:62] = 90
    left = without_border(lines, known, border)
    assert (left[:, 40:43] == 210).all()
    assert (left[0:30, 76:78] == 190).all()
    assert (left[60:70, 60:62] == 90).all()
    assert (left[40:, 70:] < 128).all()
    alone = np.zeros_like(lines)
    alone[:, 68:73] = 200
    assert (without_border(alone, known, border) <= 127).all()
    np.testing.assert_array_equal(without_border(alone, alone, border), alone)
