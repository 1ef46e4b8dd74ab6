"""Executors: interchangeable ways to work a schedule off. They give the same bytes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from reelfix.pipeline.events import Emit, TaskDone, TaskFailed
from reelfix.pipeline.schedule import Job, Schedule
from reelfix.pipeline.worker import JobResult, do_job


@dataclass(frozen=True)
class ExecutorOptions:
    """Where the tasks run."""

    workers: int | None = None
    """CPU worker processes; None: one per core, no more than there are shots."""
    gpus: tuple[int, ...] = ()
    """One worker process for each of these GPUs, instead of CPU workers."""
    scheduler: str | None = None
    """`serial`: in this process; `tcp://...`: a running Dask cluster; None: a cluster of our own."""


class Executor(Protocol):
    """Works a schedule off."""

    @property
    def dashboard(self) -> str | None:
        """Address of a page to watch the workers on; None where there is none."""
        ...

    def run(self, schedule: Schedule, emit: Emit) -> None:
        """Run until the schedule is over. Raises KeyboardInterrupt, after which nothing runs any more."""
        ...


class SerialExecutor(AbstractContextManager["SerialExecutor"]):
    """Runs the jobs one by one in this process."""

    dashboard: str | None = None

    def __init__(self, *, must_stop: Callable[[], bool] = lambda: False) -> None:
        self._must_stop = must_stop

    def __exit__(self, *_: object) -> None:
        """Nothing is left behind."""

    def run(self, schedule: Schedule, emit: Emit) -> None:
        """Run until the schedule is over; raises Interrupted once `must_stop()` is true."""
        while (job := schedule.take()) is not None:
            settle(schedule, job, do_job(job, emit=emit, must_stop=self._must_stop), emit)


def settle(schedule: Schedule, job: Job, result: JobResult, emit: Emit) -> None:
    """Note in the schedule how a job ended, and tell it."""
    if result.error is None:
        schedule.finish(job)
        emit(TaskDone(job.reel, job.task.stage, job.task.shot.number, result.frames, result.seconds))
    else:
        schedule.fail(job)
        emit(TaskFailed(job.reel, job.task.stage, job.task.shot.number, result.error))
