import pytest

from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.stage import ClipFormat


@pytest.mark.parametrize("frame_count", [1, 23, 24, 25, 72, 73, 2000])
def test_blocks_and_windows_cover_every_frame_once(frame_count: int) -> None:
    cut = Cut.of(ClipFormat(480, 640, 1, 8, 24.0), handle=3)
    frames = [
        frame
        for block in cut.blocks(frame_count)
        for window in cut.windows(*block)
        for frame in range(*window)
    ]
    assert frames == list(range(frame_count))


def test_large_frames_get_short_windows() -> None:
    small = Cut.of(ClipFormat(480, 640, 1, 8, 24.0), handle=0)
    large = Cut.of(ClipFormat(3112, 4096, 3, 16, 24.0), handle=0)
    assert large.window_frames == 1
    assert small.window_frames > large.window_frames


def test_windows_are_no_shorter_than_the_handle_where_memory_permits() -> None:
    assert Cut.of(ClipFormat(1080, 1440, 3, 8, 24.0), handle=12).window_frames == 12
    huge = Cut.of(ClipFormat(3112, 4096, 3, 16, 24.0), handle=12)
    assert huge.window_frames < 12


def test_a_block_is_whole_windows() -> None:
    cut = Cut.of(ClipFormat(480, 640, 3, 8, 24.0), handle=2)
    assert cut.block_frames % cut.window_frames == 0
