"""Running what is missing: from reels and a request to a report, over any number of reels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reelfix.io.errors import StoreError
from reelfix.pipeline.commit import read_commit
from reelfix.pipeline.errors import ReelError, UsageError
from reelfix.pipeline.events import Emit, Notice, RunStarted, silent
from reelfix.pipeline.executor import Executor, ExecutorOptions, SerialExecutor
from reelfix.pipeline.lock import hold_reel
from reelfix.pipeline.plan import (
    Plan,
    PlanRequest,
    overlaid,
    plan_for,
    resolve_request,
    save_request,
    saved_request,
)
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.scenes import has_scenes, write_scenes
from reelfix.pipeline.schedule import Job, Schedule
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.shots import Shot, select
from reelfix.pipeline.stages.table import stage_type

if TYPE_CHECKING:
    from reelfix.pipeline.dask_executor import DaskExecutor


@dataclass(frozen=True)
class RunReport:
    """What a run came to."""

    done: tuple[Job, ...]
    failed: tuple[Job, ...]
    waiting: tuple[Job, ...]
    """Later stages of the shots that failed."""
    found: int
    """Tasks that were done before."""
    refused: tuple[tuple[str, str], ...]
    """Reels that could not be run at all, and why."""

    @property
    def is_complete(self) -> bool:
        """Whether all that was asked for is done."""
        return not (self.failed or self.waiting or self.refused)


@dataclass
class _Work:
    chains: list[tuple[Job, ...]] = field(default_factory=list)
    found: int = 0


def run(
    reels: Sequence[Reel],
    request: RunRequest,
    options: ExecutorOptions | None = None,
    emit: Emit = silent,
    *,
    executor: Executor | None = None,
    break_lock: bool = False,
) -> RunReport:
    """Run what is missing of the request on every reel, one cluster serving the shots of all.

    A reel that cannot be run (not ingested, locked, a wrong shot list) stops no other. `executor`, where
    given, is used instead of one made after `options`, and left open. Raises UsageError for a request that
    fits no reel, KeyboardInterrupt when stopped: what is committed stays.
    """
    work = _Work()
    refused: list[tuple[str, str]] = []
    with ExitStack() as locks:
        for reel in reels:
            try:
                stale = locks.enter_context(hold_reel(reel.root, "run", break_lock=break_lock))
                if stale is not None:
                    emit(Notice(str(reel), f"took over the lock of {stale}, which is dead"))
                _prepare(reel, request, work, emit)
            except (ReelError, StoreError, UsageError) as error:
                if len(reels) == 1:
                    raise
                refused.append((str(reel), str(error)))
        schedule = Schedule(work.chains)
        _work_off(schedule, work, options or ExecutorOptions(), executor, emit)
        for reel in reels:
            _decide_failures(reel, schedule)
    return RunReport(
        tuple(schedule.done), tuple(schedule.failed), tuple(schedule.waiting), work.found, tuple(refused)
    )


def _prepare(reel: Reel, request: RunRequest, work: _Work, emit: Emit) -> None:
    """Plan one reel, keep the request, and add what is missing to the work."""
    Reel.open(reel.root)
    plan_request = resolve_request(request, saved_request(reel))
    if request.shots is not None and request.settings:
        _keep_for_shots(reel, request)
    _find_scenes(reel, plan_request, emit)
    plan = plan_for(reel, plan_request)
    chosen = select(reel.shots(), request.shots)
    save_request(reel, plan_request)
    reel.decide(
        "run",
        stages=plan.stages,
        preset=plan_request.preset,
        settings=request.settings,
        shots=request.shots or "all",
    )
    for shot in chosen:
        jobs = missing_jobs(reel, plan, shot)
        work.found += len(plan.chain_of(shot)) - len(jobs)
        if jobs:
            work.chains.append(jobs)


def _find_scenes(reel: Reel, request: PlanRequest, emit: Emit) -> None:
    """Find the reel's scenes once, before it is first coloured; what a person made of them stays."""
    if not any("guides" in stage_type(name).may_read for name in request.stages) or has_scenes(reel):
        return
    from reelfix.pipeline.scenes_detection import detect_scenes

    scenes = detect_scenes(reel)
    write_scenes(reel, scenes)
    grouped = [[member.span.start, member.span.stop] for scene in scenes for member in scene.members]
    reel.decide("scenes detect", before=[], after=grouped)
    if scenes:
        emit(
            Notice(
                str(reel),
                f"{len(scenes)} scenes of {len(grouped)} shots were found that share their colours: "
                "see `reelfix scenes list`",
            )
        )


def missing_jobs(reel: Reel, plan: Plan, shot: Shot) -> tuple[Job, ...]:
    """Return the tasks of a shot whose products are not whole, as jobs."""
    jobs = (Job(str(reel.root), task) for task in plan.chain_of(shot))
    return tuple(job for job in jobs if read_commit(job.folder) is None)


def _keep_for_shots(reel: Reel, request: RunRequest) -> None:
    """Write settings asked for with `--shots` into those shots' entries of the shot list."""
    chosen = {shot.number for shot in select(reel.shots(), request.shots)}
    reel.write_shots(
        [
            replace(shot, settings=overlaid(shot.settings, request.settings))
            if shot.number in chosen
            else shot
            for shot in reel.shots()
        ]
    )


def _work_off(
    schedule: Schedule, work: _Work, options: ExecutorOptions, executor: Executor | None, emit: Emit
) -> None:
    """Run the schedule on the executor given, or on one made for it; on none where nothing is missing."""
    jobs = [job for chain in work.chains for job in chain]
    by_stage: Counter[str] = Counter()
    for job in jobs:
        by_stage[job.task.stage] += job.task.shot.frame_count
    if not jobs:
        emit(RunStarted("", 0, 0, work.found))
        return
    with ExitStack() as stack:
        chosen = executor or _entered(stack, make_executor(options, len(work.chains)))
        emit(RunStarted("", len(jobs), by_stage.total(), work.found, chosen.dashboard, dict(by_stage)))
        chosen.run(schedule, emit)


def make_executor(options: ExecutorOptions, most_workers: int) -> SerialExecutor | DaskExecutor:
    """Make the executor that `options` ask for; raises UsageError where they ask for what is not there."""
    if options.scheduler == "serial":
        return SerialExecutor()
    from reelfix.pipeline.dask_executor import DaskExecutor

    return DaskExecutor(options, most_workers=most_workers)


def _entered(stack: ExitStack, executor: SerialExecutor | DaskExecutor) -> Executor:
    stack.enter_context(executor)
    return executor


def _decide_failures(reel: Reel, schedule: Schedule) -> None:
    for job in schedule.failed:
        if job.reel == str(reel.root):
            reel.decide("failure", stage=job.task.stage, shot=str(job.task.shot), key=job.task.key)
