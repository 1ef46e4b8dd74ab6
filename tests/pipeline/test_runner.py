from collections.abc import Callable

import pytest
import torch
from upath import UPath

from reelfix.io.storage import as_path
from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.commit import ShotCommit, read_commit
from reelfix.pipeline.errors import Interrupted
from reelfix.pipeline.events import Event, TaskStarted, WindowDone, silent
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.plan import PlanRequest, Task, make_plan
from reelfix.pipeline.products import ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.runner import TaskResult, run_task
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.verify_stages import verify_stages

MakeReel = Callable[..., Reel]
CPU = torch.device("cpu")
ALL = ("deflicker", "motion", "detect", "restore")


def tasks_of(reel: Reel) -> tuple[Task, ...]:
    return make_plan(reel.source_key, reel.clip, reel.shots(), PlanRequest(ALL)).tasks


def run_all(reel: Reel, cut: Cut | None = None) -> list[TaskResult]:
    return [run_task(reel, task, device=CPU, emit=silent, cut=cut) for task in tasks_of(reel)]


def commit_of(reel: Reel, task: Task) -> ShotCommit:
    commit = read_commit(reel.product_folder(task.stage, task.key, task.shot))
    assert commit is not None
    return commit


def restored(reel: Reel) -> bytes:
    task = tasks_of(reel)[-1]
    store = ProductStore.open(reel.product_folder(task.stage, task.key, task.shot))
    return store.read("frames", 0, task.shot.frame_count).tobytes()


def test_the_bytes_do_not_depend_on_windows_and_blocks(make_tiny_reel: MakeReel) -> None:
    reels = [make_tiny_reel(name, frames=13, shots=1) for name in ("a", "b", "c")]
    for reel, cut in zip(reels, (Cut(13, 13), Cut(3, 6), Cut(1, 1)), strict=True):
        run_all(reel, cut)
    first, *others = (restored(reel) for reel in reels)
    assert all(other == first for other in others)


def test_a_commit_states_what_it_was_made_of(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=7, shots=1)
    run_all(reel, Cut(2, 4))
    *_, detect, restore = tasks_of(reel)
    commit = commit_of(reel, restore)
    assert [(block.start, block.stop) for block in commit.blocks] == [(0, 4), (4, 7)]
    assert commit.inputs["mask"] == detect.key
    assert len(commit.curve("changed")) == 7
    assert len(commit_of(reel, detect).curve("dirt")) == 7
    assert commit.versions["torch"]


def test_an_interrupted_task_goes_on_after_its_last_block(make_tiny_reel: MakeReel) -> None:
    whole, stopped = (make_tiny_reel(name, frames=12, shots=1) for name in ("whole", "stopped"))
    cut = Cut(2, 4)
    run_all(whole, cut)
    task = tasks_of(stopped)[0]
    computed: list[int] = []

    def note(event: Event) -> None:
        if isinstance(event, WindowDone):
            computed.append(event.start)

    with pytest.raises(Interrupted):
        run_task(stopped, task, device=CPU, emit=note, must_stop=lambda: len(computed) == 3, cut=cut)
    assert computed == [0, 2, 4]
    assert read_commit(stopped.product_folder(task.stage, task.key, task.shot)) is None
    computed.clear()
    result = run_task(stopped, task, device=CPU, emit=note, cut=cut)
    assert computed == [4, 6, 8, 10]
    assert (result.resumed_at, result.frames, result.blocks) == (4, 8, 2)
    run_all(stopped, cut)
    assert restored(stopped) == restored(whole)


def test_blocks_whose_commit_is_missing_are_made_again_whatever_chunks_there_are(
    make_tiny_reel: MakeReel,
) -> None:
    reel = make_tiny_reel(frames=12, shots=1)
    run_all(reel, Cut(2, 4))
    task = tasks_of(reel)[0]
    folder = reel.product_folder(task.stage, task.key, task.shot)
    expected = commit_of(reel, task).blocks
    (folder / "commit.json").unlink()
    (folder / "blocks" / "0000004-0000008.json").unlink()
    result = run_task(reel, task, device=CPU, emit=silent, cut=Cut(2, 4))
    assert (result.resumed_at, result.blocks) == (4, 2)
    assert [block.digests for block in commit_of(reel, task).blocks] == [block.digests for block in expected]


def test_a_task_that_is_whole_but_for_its_commit_is_only_committed(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=6, shots=1)
    run_all(reel)
    task = tasks_of(reel)[0]
    (reel.product_folder(task.stage, task.key, task.shot) / "commit.json").unlink()
    events: list[Event] = []
    result = run_task(reel, task, device=CPU, emit=events.append)
    assert result.frames == 0
    assert [event.resumed_at for event in events if isinstance(event, TaskStarted)] == [6]
    assert commit_of(reel, task).stop == 6


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_shots(make_tiny_reel: MakeReel, frames: int) -> None:
    reel = make_tiny_reel(frames=frames, shots=1)
    assert [result.frames for result in run_all(reel)] == [frames] * 4


@pytest.fixture(params=["memory", "s3"])
def remote_root(request: pytest.FixtureRequest) -> UPath:
    if request.param == "memory":
        return as_path("memory://runner/tiny.reel")
    bucket: UPath = request.getfixturevalue("bucket")
    return bucket / "tiny.reel"


def test_a_remote_reel_gives_the_same_bytes_and_is_not_run_again(
    make_tiny_reel: MakeReel, remote_root: UPath
) -> None:
    local = make_tiny_reel(frames=6, shots=1)
    for file in local.root.rglob("*"):
        if file.is_file():
            place = remote_root / str(file.relative_to(local.root))
            if remote_root.protocol == "memory":
                place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    remote = Reel.open(remote_root)
    run_all(local)
    serial = ExecutorOptions(scheduler="serial")
    assert len(run([remote], RunRequest(stages=ALL, preset="archive"), serial).done) == 4
    assert run([remote], RunRequest(), serial).found == 4
    plain = make_plan(remote.source_key, remote.clip, remote.shots(), PlanRequest(ALL))
    for task in plain.tasks:
        run_task(remote, task, device=CPU, emit=silent)
    assert restored(remote) == restored(local)
    assert all(finding.ok for finding in verify_stages(remote))
