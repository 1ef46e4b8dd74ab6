import pytest
import torch

from reelfix.pipeline.memory import narrowed, process_within_memory
from reelfix.pipeline.stage import Products, Window


def window(count: int, start: int, stop: int) -> Window:
    frames = torch.arange(count, dtype=torch.float32)[:, None, None, None]
    return Window({"frames": frames}, start, stop, lead=start, tail=count - stop, shot_frames=count)


def test_narrowing_keeps_the_handles() -> None:
    part = narrowed(window(20, 4, 16), 10, 12, handle=3)
    assert part.frames.flatten().tolist() == [7, 8, 9, 10, 11, 12, 13, 14]
    assert part.frames[part.core].flatten().tolist() == [10, 11]


def test_out_of_memory_halves_the_window_and_gives_the_same_frames() -> None:
    sizes: list[int] = []

    def picky(part: Window) -> Products:
        sizes.append(part.stop - part.start)
        if part.stop - part.start > 3:
            raise torch.cuda.OutOfMemoryError("too large")
        return {"frames": part.frames[part.core] * 2}

    products = process_within_memory(picky, window(20, 4, 16), handle=1)
    assert products["frames"].flatten().tolist() == [2 * frame for frame in range(4, 16)]
    assert sizes == [12, 6, 3, 3, 6, 3, 3]


def test_one_frame_that_does_not_fit_fails() -> None:
    def hungry(part: Window) -> Products:
        raise torch.cuda.OutOfMemoryError("too large")

    with pytest.raises(torch.cuda.OutOfMemoryError):
        process_within_memory(hungry, window(4, 0, 4), handle=0)


def test_what_is_carried_goes_from_half_to_half() -> None:
    seen: list[tuple[int, float | None]] = []

    def adding(part: Window) -> Products:
        if part.stop - part.start > 3:
            raise torch.cuda.OutOfMemoryError("too large")
        total = part.carried.get("total", torch.zeros(1))
        seen.append((part.start, float(total) if "total" in part.carried else None))
        sums = total + part.frames[part.core].flatten().cumsum(0)
        return {"frames": sums[:, None, None, None], "total": sums[-1:]}

    products = process_within_memory(adding, window(20, 4, 16), handle=1, carries=("total",))
    assert products["frames"].flatten().tolist() == torch.arange(4, 16).cumsum(0).tolist()
    assert products["total"].tolist() == [float(sum(range(4, 16)))]
    assert [start for start, _ in seen] == [4, 7, 10, 13]
    assert seen[1] == (7, 15.0)
