"""Which task is next: a state machine that executors share, without processes, clocks or files."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from upath import UPath

from reelfix.pipeline.plan import Task
from reelfix.pipeline.reel import Reel

MAX_LOSSES = 3
"""A worker lost this many times on one shot fails that shot."""


@dataclass(frozen=True)
class Job:
    """A task of a reel, as given to a worker: paths and settings, never frames."""

    reel: str
    task: Task

    def __hash__(self) -> int:
        return hash((self.reel, self.task.key))

    @property
    def folder(self) -> UPath:
        """Where its products lie."""
        return Reel(self.reel).product_folder(self.task.stage, self.task.key, self.task.shot)

    @property
    def shot_id(self) -> tuple[str, int, int]:
        """The shot that the job belongs to."""
        return (self.reel, self.task.shot.start, self.task.shot.stop)

    def __str__(self) -> str:
        return f"{self.reel} {self.task}"


@dataclass
class Schedule:
    """Chains of jobs, one per shot: a job is ready when the one before it in its chain is done.

    A shot that has begun goes before one that has not, so that what was just written is still in memory.
    """

    chains: Sequence[Sequence[Job]]
    done: list[Job] = field(default_factory=list, init=False)
    failed: list[Job] = field(default_factory=list, init=False)
    waiting: list[Job] = field(default_factory=list, init=False)
    """Jobs that cannot run since an earlier one of their shot failed."""

    def __post_init__(self) -> None:
        self._later = {chain[0].shot_id: deque(chain) for chain in self.chains if chain}
        self._ready = deque(queue.popleft() for queue in self._later.values())
        self._running: set[Job] = set()
        self._losses: dict[tuple[str, int, int], int] = {}

    def take(self) -> Job | None:
        """Return a job to start now; None while none is ready."""
        if not self._ready:
            return None
        job = self._ready.popleft()
        self._running.add(job)
        return job

    def finish(self, job: Job) -> None:
        """Note that a job's products are whole."""
        self._running.remove(job)
        self.done.append(job)
        later = self._later[job.shot_id]
        if later:
            self._ready.appendleft(later.popleft())

    def fail(self, job: Job) -> None:
        """Note that a job failed: the later stages of its shot wait for another run."""
        self._running.remove(job)
        self.failed.append(job)
        later = self._later[job.shot_id]
        self.waiting.extend(later)
        later.clear()

    def lose(self, job: Job) -> int:
        """Note that the worker died under a job. Returns the shot's losses so far.

        Below MAX_LOSSES the job is ready again, after all others; from then on the caller must `fail` it.
        """
        losses = self._losses.get(job.shot_id, 0) + 1
        self._losses[job.shot_id] = losses
        if losses < MAX_LOSSES:
            self._running.remove(job)
            self._ready.append(job)
        return losses

    def take_back(self, job: Job) -> None:
        """Take a lost job, ready again, as running once more."""
        self._ready.remove(job)
        self._running.add(job)

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing is ready."""
        return not self._ready and not self._running
