"""The Dask executor: worker processes here, one per GPU or per share of the cores, or a cluster elsewhere.

One task at most is given to each worker at a time, so that the shot under which a worker died is known.
"""

import json
import logging
import os
import queue
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec

import dask
import psutil
from distributed import Client, Future, Nanny, Scheduler, SpecCluster, get_worker
from distributed.scheduler import KilledWorker

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.events import Emit, Event, WorkerLost
from reelfix.pipeline.executor import ExecutorOptions, settle
from reelfix.pipeline.failures import note_failure
from reelfix.pipeline.schedule import MAX_LOSSES, Job, Schedule
from reelfix.pipeline.worker import GPU_VARIABLE, JobResult, do_job

JobFuture = Future  # of JobResult; generic in name only

_TOPIC = "reelfix"
_SETTLING_SECONDS = 0.5
ALLOCATOR = {
    # Windows go back to the system when they are done with, single frames are kept at hand: memory does not
    # grow with the shot, nor time with page faults (`bin/bench memory`).
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
}
"""Environment of glibc's allocator in worker processes."""

_CONFIG = {
    # A lost worker's task comes back to us at once: we count the losses per shot.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.nanny.pre-spawn-environ": ALLOCATOR,
    "distributed.comm.timeouts.connect": "20s",
    "distributed.admin.low-level-log-length": 0,
}


class DaskExecutor:
    """Works a schedule off on Dask workers."""

    def __init__(self, options: ExecutorOptions, *, most_workers: int) -> None:
        self._options = options
        self._slots = _slot_count(options, most_workers)
        self._cluster: SpecCluster | None = None
        self._inbox: queue.SimpleQueue[Event | tuple[JobFuture, Job]] = queue.SimpleQueue()

    def __enter__(self) -> "DaskExecutor":
        """Start the workers, or connect to the cluster named."""
        with dask.config.set(_CONFIG), _interrupts_kept_from_children():
            if self._options.scheduler is None:
                self._cluster = _start_cluster(self._options, self._slots)
                self._client = Client(self._cluster, set_as_default=False)
            else:
                self._client = _connect(self._options.scheduler)
                self._slots = sum(self._client.nthreads().values())
        self._client.subscribe_topic(_TOPIC, self._receive)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop the workers: in order after a good run, at once after an interrupt."""
        if self._cluster is not None and kind is not None:
            self._kill_workers()
        with _quiet():
            self._client.close(timeout=1)
            if self._cluster is not None:
                self._cluster.close(timeout=1 if kind is not None else 10)

    @property
    def dashboard(self) -> str | None:
        """Address of Dask's dashboard; None where bokeh is not installed."""
        link: str | None = self._client.dashboard_link if find_spec("bokeh") else None
        return link

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of our own workers that live now."""
        nannies = self._cluster.workers.values() if self._cluster is not None else ()
        return [nanny.pid for nanny in nannies if nanny.pid]

    def run(self, schedule: Schedule, emit: Emit) -> None:
        """Run until the schedule is over. A KeyboardInterrupt leaves the workers to be killed on exit."""
        running: dict[Job, JobFuture] = {}
        while True:
            while len(running) < self._slots and (job := schedule.take()) is not None:
                running[job] = self._submit(job)
            if schedule.is_over:
                break
            message = self._inbox.get()
            if isinstance(message, Event):
                emit(message)
                continue
            future, job = message
            del running[job]
            self._settle(schedule, job, future, emit)
        self._drain(emit)

    def _submit(self, job: Job) -> JobFuture:
        resources = {"GPU": 1} if self._options.gpus else None
        threads = max(1, _cores() // self._slots) if self._cluster is not None else None
        future = self._client.submit(_do_on_worker, job, threads, pure=False, retries=0, resources=resources)
        future.add_done_callback(lambda done: self._inbox.put((done, job)))
        return future

    def _settle(self, schedule: Schedule, job: Job, future: JobFuture, emit: Emit) -> None:
        try:
            result: JobResult = future.result()
        except KilledWorker:
            losses = schedule.lose(job)
            emit(WorkerLost(job.reel, job.task.stage, job.task.shot.number, losses))
            if losses < MAX_LOSSES and self._cluster is not None:
                # What killed this worker may have killed others: the scheduler must know first.
                time.sleep(_SETTLING_SECONDS)
                return
            if losses < MAX_LOSSES:
                # A cluster of someone else's counted the losses itself, by its own rule.
                schedule.take_back(job)
            error = f"the worker process died {losses} times on this shot"
            note_failure(job.folder, error, error)
            result = JobResult(0, 0, 0.0, error)
        settle(schedule, job, result, emit)

    def _receive(self, message: tuple[float, str]) -> None:
        _, text = message
        self._inbox.put(Event.from_json(json.loads(text)))

    def _drain(self, emit: Emit) -> None:
        """Tell the events that were still on their way when the last job ended."""
        while True:
            try:
                message = self._inbox.get(timeout=0.2)
            except queue.Empty:
                return
            if isinstance(message, Event):
                emit(message)

    def _kill_workers(self) -> None:
        assert self._cluster is not None
        for nanny in self._cluster.workers.values():
            nanny.auto_restart = False
        for pid in self.worker_pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _do_on_worker(job: Job, threads: int | None) -> JobResult:
    worker = get_worker()
    return do_job(
        job, emit=lambda event: worker.log_event(_TOPIC, json.dumps(event.to_json())), threads=threads
    )


def _cores() -> int:
    return len(psutil.Process().cpu_affinity() or [0])


def _slot_count(options: ExecutorOptions, most_workers: int) -> int:
    if options.gpus:
        check_gpus(options.gpus)
        return len(options.gpus)
    if options.workers is not None and options.workers < 1:
        raise UsageError(f"--workers {options.workers} must be at least 1 (`--scheduler serial` uses none).")
    return max(1, min(options.workers or _cores(), most_workers))


def check_gpus(wanted: tuple[int, ...]) -> None:
    """Assert that this machine has the GPUs; raises UsageError saying which there are."""
    import torch

    count = torch.cuda.device_count()
    there = ", ".join(f"{index} ({torch.cuda.get_device_name(index)})" for index in range(count))
    for index in wanted:
        if not 0 <= index < count:
            raise UsageError(
                f"there is no GPU {index}. This machine has {there or 'none: leave --gpus out'}."
            )


def _start_cluster(options: ExecutorOptions, slots: int) -> SpecCluster:
    has_dashboard = find_spec("bokeh") is not None
    memory = psutil.virtual_memory().total // slots
    workers = {}
    for index in range(slots):
        environment = {"OMP_NUM_THREADS": str(max(1, _cores() // slots))}
        resources = {}
        if options.gpus:
            environment |= {"CUDA_VISIBLE_DEVICES": str(options.gpus[index]), GPU_VARIABLE: "1"}
            resources = {"GPU": 1}
        workers[index] = {
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                "memory_limit": memory,
                "env": environment,
                "resources": resources,
                "silence_logs": logging.CRITICAL,
                "dashboard": False,
            },
        }
    scheduler = {
        "cls": Scheduler,
        "options": {
            "host": "127.0.0.1",
            "dashboard": has_dashboard,
            "dashboard_address": "127.0.0.1:0" if has_dashboard else None,
        },
    }
    return SpecCluster(scheduler=scheduler, workers=workers, silence_logs=logging.CRITICAL)


def _connect(address: str) -> Client:
    try:
        client = Client(address, timeout="5s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"there is no Dask scheduler at {address} ({error}).") from error
    if not client.nthreads():
        client.close()
        raise UsageError(
            f"the Dask scheduler at {address} has no workers. Start some with `dask worker {address}`."
        )
    return client


@contextmanager
def _interrupts_kept_from_children() -> Iterator[None]:
    """A Ctrl-C in the terminal reaches all its processes; only the main one may act on it.

    It is blocked rather than ignored while they start (they inherit that): one that comes meanwhile is not
    lost, but acted on after.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs while it is torn down off the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
