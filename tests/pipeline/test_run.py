import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from reelfix.pipeline.clean import clean, product_folders
from reelfix.pipeline.dask_executor import DaskExecutor
from reelfix.pipeline.errors import ReelError, UsageError
from reelfix.pipeline.events import Event, RunStarted, TaskFailed, TaskStarted, WorkerLost, silent
from reelfix.pipeline.executor import Executor, ExecutorOptions, SerialExecutor
from reelfix.pipeline.lock import hold_reel
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.shot_edits import split_shot
from reelfix.pipeline.verify_stages import verify_stages

MakeReel = Callable[..., Reel]
STAGES = ("deflicker", "motion", "detect", "restore")
REQUEST = RunRequest(stages=STAGES)
SERIAL = ExecutorOptions(scheduler="serial")


@pytest.fixture(scope="module")
def dask_executor() -> Iterator[DaskExecutor]:
    with DaskExecutor(ExecutorOptions(workers=2), most_workers=2) as executor:
        yield executor


@pytest.fixture(params=["serial", "dask"])
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "serial":
        return SerialExecutor()
    found: DaskExecutor = request.getfixturevalue("dask_executor")
    return found


def shard_bytes(reel: Reel) -> dict[str, bytes]:
    root = Path(str(reel.root))
    return {str(path.relative_to(root)): path.read_bytes() for path in root.glob("stages/**/c.*")}


def started(events: list[Event]) -> list[tuple[str, int]]:
    return sorted((event.stage, event.shot) for event in events if isinstance(event, TaskStarted))


def test_every_executor_gives_the_same_bytes(make_tiny_reel: MakeReel, executor: Executor) -> None:
    reel, reference = make_tiny_reel("a"), make_tiny_reel("b")
    report = run([reel], REQUEST, executor=executor)
    assert report.is_complete
    assert len(report.done) == 8
    run([reference], REQUEST, SERIAL)
    assert shard_bytes(reel) == shard_bytes(reference)


def test_what_is_done_is_not_done_again(make_tiny_reel: MakeReel, executor: Executor) -> None:
    reel = make_tiny_reel()
    run([reel], REQUEST, executor=executor)
    events: list[Event] = []
    report = run([reel], RunRequest(), emit=events.append, executor=executor)
    assert (len(report.done), report.found) == (0, 8)
    assert started(events) == []


def test_a_changed_setting_runs_only_what_depends_on_it_and_back_finds_the_old(
    make_tiny_reel: MakeReel,
) -> None:
    reel = make_tiny_reel()
    run([reel], REQUEST, SERIAL)
    events: list[Event] = []
    run([reel], RunRequest(settings={"restore": {"strength": 0.5}}), SERIAL, events.append)
    assert started(events) == [("restore", 1), ("restore", 2)]
    report = run([reel], RunRequest(settings={"restore": {"strength": 1.0}}), SERIAL)
    assert report.found == 8


def test_settings_for_one_shot_are_kept_in_the_shot_list(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    run([reel], REQUEST, SERIAL)
    events: list[Event] = []
    run([reel], RunRequest(settings={"detect": {"strength": 0.0}}, shots="2"), SERIAL, events.append)
    assert started(events) == [("detect", 2), ("restore", 2)]
    assert [dict(shot.settings) for shot in reel.shots()] == [{}, {"detect": {"strength": 0.0}}]
    assert run([reel], RunRequest(), SERIAL).found == 8


def test_an_edited_shot_list_keeps_the_products_of_the_other_shots(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=24, shots=3)
    run([reel], REQUEST, SERIAL)
    reel.write_shots(split_shot(reel.shots(), 4))
    events: list[Event] = []
    report = run([reel], RunRequest(), SERIAL, events.append)
    assert {shot for _, shot in started(events)} == {1, 2}
    assert report.found == 8
    removed = clean(reel)
    assert len(removed.folders) == 4
    assert removed.bytes > 0
    assert len(product_folders(reel)) == 16


def test_a_failing_shot_stops_no_other_and_is_taken_up_later(
    make_tiny_reel: MakeReel, executor: Executor
) -> None:
    reel = make_tiny_reel(frames=512, shots=2)
    shard = Path(str(reel.root)) / "source.zarr" / "gray" / "c.1.0.0"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:500] + bytes(64) + whole[564:])
    events: list[Event] = []
    report = run([reel], RunRequest(stages=("deflicker",)), emit=events.append, executor=executor)
    assert [job.task.shot.number for job in report.failed] == [2]
    assert [job.task.shot.number for job in report.done] == [1]
    assert not report.is_complete
    (failed,) = (event for event in events if isinstance(event, TaskFailed))
    assert failed.shot == 2
    failure = outcome_of(reel, reel.shots()[1]).stages[0].failure
    assert failure is not None
    assert "Traceback" in failure.traceback
    shard.write_bytes(whole)
    report = run([reel], RunRequest(), executor=executor)
    assert ([job.task.shot.number for job in report.done], report.found) == ([2], 1)
    assert outcome_of(reel, reel.shots()[1]).stages[0].failure is None


def test_one_cluster_serves_many_reels_and_a_bad_one_stops_no_other(
    make_tiny_reel: MakeReel, tmp_path: Path
) -> None:
    good, other = make_tiny_reel("good"), make_tiny_reel("other")
    missing = Reel(tmp_path / "missing.reel")
    report = run([missing, good, other], RunRequest(stages=("deflicker",)), SERIAL)
    assert len(report.done) == 4
    assert [reel for reel, _ in report.refused] == [str(missing)]
    assert "reelfix ingest" in report.refused[0][1]
    with pytest.raises(ReelError, match="reelfix ingest"):
        run([missing], REQUEST, SERIAL)


def test_a_held_reel_is_refused(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    with hold_reel(reel.root, "export"), pytest.raises(ReelError, match="held by `export`"):
        run([reel], REQUEST, SERIAL)


def test_a_gpu_that_is_not_there_is_refused_naming_what_is(make_tiny_reel: MakeReel) -> None:
    with pytest.raises(UsageError, match=r"there is no GPU 97. This machine has"):
        run([make_tiny_reel()], REQUEST, ExecutorOptions(gpus=(97,)))


def test_a_scheduler_that_is_not_there_is_refused(make_tiny_reel: MakeReel) -> None:
    with pytest.raises(UsageError, match=r"no Dask scheduler at tcp://127.0.0.1:9"):
        run([make_tiny_reel()], REQUEST, ExecutorOptions(scheduler="tcp://127.0.0.1:9"))


def test_products_are_verified_against_their_commits(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    run([reel], REQUEST, SERIAL)
    assert [finding.ok for finding in verify_stages(reel)] == [True] * 8
    shard = next(Path(str(reel.root)).glob("stages/restore/*/*/products.zarr/frames/c.0.0.0.0"))
    content = bytearray(shard.read_bytes())
    content[200] ^= 1
    shard.write_bytes(content)
    bad = [finding for finding in verify_stages(reel) if not finding.ok]
    assert len(bad) == 1
    assert bad[0].subject.startswith("restore shot-")


@pytest.mark.slow
def test_killed_workers_are_replaced_and_the_bytes_are_the_same(
    make_tiny_reel: MakeReel,
) -> None:
    reel, reference = (make_tiny_reel(name, frames=300, shots=2, height=64, width=80) for name in "ab")
    events: list[Event] = []
    with DaskExecutor(ExecutorOptions(workers=2), most_workers=2) as executor:
        killer = threading.Thread(target=kill_workers_at_work, args=(executor, events))
        killer.start()
        report = run(
            [reel], RunRequest(stages=("deflicker", "motion")), emit=events.append, executor=executor
        )
        killer.join()
    assert report.is_complete
    assert {event.losses for event in events if isinstance(event, WorkerLost)} == {1}
    run([reference], RunRequest(stages=("deflicker", "motion")), SERIAL)
    assert shard_bytes(reel) == shard_bytes(reference)


@pytest.mark.slow
def test_a_shot_that_kills_its_worker_three_times_fails_alone(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=400, shots=2, height=64, width=80)
    reel.write_shots(split_shot(reel.shots(), 40))
    events: list[Event] = []
    with DaskExecutor(ExecutorOptions(workers=1), most_workers=1) as executor:
        stop = threading.Event()
        killer = threading.Thread(target=kill_whoever_takes_shot, args=(executor, events, 2, stop))
        killer.start()
        report = run([reel], RunRequest(stages=("motion",)), emit=events.append, executor=executor)
        stop.set()
        killer.join()
    assert [job.task.shot.number for job in report.failed] == [2]
    assert sorted(job.task.shot.number for job in report.done) == [1, 3]
    assert [event.losses for event in events if isinstance(event, WorkerLost)] == [1, 2, 3]
    failure = outcome_of(reel, reel.shots()[1]).stages[0].failure
    assert failure is not None
    assert "died 3 times" in failure.error


def kill_workers_at_work(executor: DaskExecutor, events: list[Event]) -> None:
    while not any(isinstance(event, TaskStarted) and event.stage == "motion" for event in events):
        time.sleep(0.01)
    for pid in executor.worker_pids:
        os.kill(pid, signal.SIGKILL)


def kill_whoever_takes_shot(
    executor: DaskExecutor, events: list[Event], shot: int, stop: threading.Event
) -> None:
    killed = 0
    while not stop.wait(0.005):
        begun = sum(isinstance(event, TaskStarted) and event.shot == shot for event in events)
        if begun > killed:
            killed += 1
            for pid in executor.worker_pids:
                psutil.Process(pid).kill()


def test_the_report_of_an_empty_run(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    run([reel], REQUEST, SERIAL)
    events: list[Event] = []
    run([reel], RunRequest(), ExecutorOptions(workers=64), events.append)
    (begun,) = (event for event in events if isinstance(event, RunStarted))
    assert (begun.tasks, begun.frames, begun.found) == (0, 0, 8)


def test_every_run_is_a_decision(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("deflicker",), settings={"deflicker": {"strength": 0.5}}), SERIAL, silent)
    decision = [entry for entry in reel.decisions() if entry["what"] == "run"][-1]
    assert decision["settings"] == {"deflicker": {"strength": 0.5}}
    assert decision["who"]
    assert decision["when"]
