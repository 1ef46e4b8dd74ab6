import numpy as np
import pytest

from reelfix.pipeline.inputs import SlidingWindow
from reelfix.pipeline.products import Arrays


class CountedFrames:
    """Frames whose values are their numbers; remembers which were read."""

    def __init__(self) -> None:
        self.read_frames: list[int] = []

    def read(self, start: int, stop: int) -> Arrays:
        self.read_frames.extend(range(start, stop))
        return {"frames": np.arange(start, stop)}


@pytest.mark.parametrize("handle", [0, 1, 5, 30])
def test_windows_are_right_and_each_frame_is_read_once(handle: int) -> None:
    frames = CountedFrames()
    window = SlidingWindow(frames)
    count, step = 50, 8
    for start in range(0, count, step):
        first, last = max(start - handle, 0), min(start + step + handle, count)
        assert window.read(first, last)["frames"].tolist() == list(range(first, last))
    assert sorted(frames.read_frames) == list(range(count))


def test_a_window_elsewhere_is_read_anew() -> None:
    frames = CountedFrames()
    window = SlidingWindow(frames)
    window.read(0, 4)
    assert window.read(10, 12)["frames"].tolist() == [10, 11]
    assert window.read(2, 5)["frames"].tolist() == [2, 3, 4]
