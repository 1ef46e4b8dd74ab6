"""What a worker does with a job: the same in this process, in a Dask worker here, or on another host."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelfix.pipeline.errors import Interrupted
from reelfix.pipeline.events import Emit
from reelfix.pipeline.failures import clear_failure, note_failure
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.schedule import Job
from reelfix.pipeline.trace import traced

if TYPE_CHECKING:
    import torch

GPU_VARIABLE = "REELFIX_GPU"
"""Set in the environment of a worker process that was given a GPU of its own."""


@dataclass(frozen=True)
class JobResult:
    """How a job ended: done, or failed with one line of why."""

    frames: int
    blocks: int
    seconds: float
    error: str | None = None


def do_job(
    job: Job,
    *,
    emit: Emit,
    threads: int | None = None,
    must_stop: Callable[[], bool] = lambda: False,
) -> JobResult:
    """Run a job. A failure of the stage is recorded in the reel and returned, not raised.

    `threads` bounds the cores that torch and OpenCV use in this process; None leaves them as they are.
    Raises Interrupted, and what is no Exception (KeyboardInterrupt).
    """
    from reelfix.pipeline.runner import run_task

    if threads is not None:
        limit_threads(threads)
    reel = Reel.open(job.reel)
    folder = job.folder
    try:
        result = run_task(reel, job.task, device=pick_device(), emit=traced(emit), must_stop=must_stop)
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a stage raises fails its shot alone
        line = f"{type(error).__name__}: {error}"
        note_failure(folder, line, traceback.format_exc())
        return JobResult(0, 0, 0.0, line)
    clear_failure(folder)
    return JobResult(result.frames, result.blocks, result.seconds)


def limit_threads(count: int) -> None:
    """Bound the threads of torch and OpenCV in this process."""
    import cv2
    import torch

    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def pick_device() -> torch.device:
    """Return the GPU this process was given (CUDA_VISIBLE_DEVICES), else the CPU."""
    import torch

    if os.environ.get(GPU_VARIABLE) is not None:
        return torch.device("cuda", 0)
    return torch.device("cpu")
