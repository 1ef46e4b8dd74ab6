import errno
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from reelfix.pipeline import block_writer
from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.carried import drop_states, keep_state, kept_state
from reelfix.pipeline.commit import BlockCommit, commit_block, read_commit
from reelfix.pipeline.errors import Interrupted
from reelfix.pipeline.events import Event, TaskStarted, WindowDone
from reelfix.pipeline.plan import SOURCE, Input, Task
from reelfix.pipeline.products import ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.runner import run_task
from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

MakeReel = Callable[..., Reel]
CPU = torch.device("cpu")
CUT = Cut(2, 4)


class Trail(Stage[StageSettings]):
    """Every frame, mixed with half of what came before it: no frame is forgotten."""

    name: ClassVar[str] = "trail"
    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, ...]] = ("frames",)
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    carries: ClassVar[tuple[str, ...]] = ("trail", "count")

    def open(self, device: torch.device) -> Process:
        def process(window: Window) -> Products:
            assert ("trail" in window.carried) == (window.start > 0)
            trail = window.carried.get("trail", torch.zeros_like(window.frames[0]))
            count = window.carried.get("count", torch.zeros(1, dtype=torch.int64))
            frames = []
            for frame in window.frames[window.core]:
                trail, count = frame / 2 + trail / 2, count + 1
                frames.append(trail)
            assert int(count) == window.stop
            return {"frames": torch.stack(frames), "trail": trail, "count": count}

        return process


@dataclass(frozen=True)
class TrailTask(Task):
    def make_stage(self) -> Stage[Any]:
        return Trail(StageSettings(), self.clip)


def task_of(reel: Reel) -> TrailTask:
    shot = reel.shots()[0]
    return TrailTask("trail", shot, "0" * 64, {}, (Input("frames", SOURCE, reel.source_key),), reel.clip)


def folder_of(reel: Reel) -> Path:
    task = task_of(reel)
    return Path(str(reel.product_folder(task.stage, task.key, task.shot)))


def run(reel: Reel, cut: Cut = CUT, **options: Any) -> list[Event]:
    events: list[Event] = []
    run_task(reel, task_of(reel), device=CPU, emit=events.append, cut=cut, **options)
    return events


def stop_in_frame(reel: Reel, frame: int) -> None:
    """Run until the window that begins at `frame` would be computed."""
    computed: list[int] = []

    def note(event: Event) -> None:
        if isinstance(event, WindowDone):
            computed.append(event.start)

    with pytest.raises(Interrupted):
        run_task(reel, task_of(reel), device=CPU, emit=note, cut=CUT, must_stop=lambda: frame - 2 in computed)


def resumed_at(events: list[Event]) -> list[int]:
    return [event.resumed_at for event in events if isinstance(event, TaskStarted)]


def made(reel: Reel) -> bytes:
    store = ProductStore.open(reel.product_folder("trail", "0" * 64, reel.shots()[0]))
    return store.read("frames", 0, reel.shots()[0].frame_count).tobytes()


def states(reel: Reel) -> list[str]:
    names = [path.name for path in folder_of(reel).glob("blocks/*safetensors*")]
    return sorted(names, key=lambda name: (name.startswith("."), name))


@pytest.fixture
def expected(make_tiny_reel: MakeReel) -> bytes:
    whole = make_tiny_reel("whole", frames=14, shots=1)
    run(whole, Cut(14, 14))
    return made(whole)


@pytest.mark.parametrize("cut", [Cut(1, 1), Cut(2, 4), Cut(5, 10)])
def test_the_bytes_do_not_depend_on_windows_and_blocks(
    make_tiny_reel: MakeReel, expected: bytes, cut: Cut
) -> None:
    reel = make_tiny_reel(frames=14, shots=1)
    run(reel, cut)
    assert made(reel) == expected
    assert states(reel) == []


@pytest.mark.parametrize("frame", [2, 6, 10])
def test_a_stopped_shot_goes_on_from_what_its_last_block_carried(
    make_tiny_reel: MakeReel, expected: bytes, frame: int
) -> None:
    reel = make_tiny_reel(frames=14, shots=1)
    stop_in_frame(reel, frame)
    last = frame // 4 * 4
    assert states(reel) == ([f"{last - 4:07d}-{last:07d}.safetensors"] if last else [])
    events = run(reel)
    assert resumed_at(events) == [last]
    assert made(reel) == expected
    assert states(reel) == []


def test_the_commit_states_the_digest_and_none_after_the_last_block(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=10, shots=1)
    run(reel)
    commit = read_commit(reel.product_folder("trail", "0" * 64, reel.shots()[0]))
    assert commit is not None
    assert [len(block.state) for block in commit.blocks] == [64, 64, 0]
    assert all(set(block.digests) == {"frames"} for block in commit.blocks)


@pytest.mark.parametrize("loss", ["gone", "changed", "cut short"])
def test_a_lost_state_costs_time_but_no_byte(make_tiny_reel: MakeReel, expected: bytes, loss: str) -> None:
    reel = make_tiny_reel(frames=14, shots=1)
    stop_in_frame(reel, 10)
    (path,) = folder_of(reel).glob("blocks/*.safetensors")
    content = path.read_bytes()
    if loss == "gone":
        path.unlink()
    else:
        path.write_bytes(
            content[:-9] + bytes([content[-9] ^ 1]) + content[-8:] if loss == "changed" else content[:50]
        )
    assert resumed_at(run(reel)) == [0]
    assert made(reel) == expected


@pytest.mark.parametrize("where", ["state", "commit"])
def test_a_full_disk_leaves_what_can_be_gone_on_from(
    make_tiny_reel: MakeReel, expected: bytes, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = make_tiny_reel(frames=14, shots=1)

    def keep(folder: Any, start: int, stop: int, state: Any) -> str:
        if start == 4 and where == "state":
            raise OSError(errno.ENOSPC, "No space left on device")
        return keep_state(folder, start, stop, state)

    def commit(folder: Any, block: BlockCommit) -> None:
        if block.start == 4 and where == "commit":
            raise OSError(errno.ENOSPC, "No space left on device")
        commit_block(folder, block)

    with monkeypatch.context() as patch:
        patch.setattr(block_writer, "keep_state", keep)
        patch.setattr(block_writer, "commit_block", commit)
        with pytest.raises(OSError, match="No space"):
            run(reel)
    assert "0000000-0000004.safetensors" in states(reel)
    assert resumed_at(run(reel)) == [4]
    assert made(reel) == expected
    assert states(reel) == []


_KILLED = """
import os, signal, sys, importlib.util
spec = importlib.util.spec_from_file_location("trails", sys.argv[1])
trails = importlib.util.module_from_spec(spec); spec.loader.exec_module(trails)
from reelfix.pipeline import block_writer
from reelfix.pipeline.reel import Reel
from reelfix.io.storage import as_path
def die(folder, block):
    if block.start == 4:
        (folder / "blocks" / ".0000004-0000008.safetensors.x1y2").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    original(folder, block)
original, block_writer.commit_block = block_writer.commit_block, die
trails.run(Reel.open(as_path(sys.argv[2])))
"""


@pytest.mark.slow
def test_killed_between_state_and_commit(make_tiny_reel: MakeReel, expected: bytes) -> None:
    reel = make_tiny_reel(frames=14, shots=1)
    done = subprocess.run([sys.executable, "-c", _KILLED, __file__, str(reel.root)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert states(reel) == [
        "0000000-0000004.safetensors",
        "0000004-0000008.safetensors",
        ".0000004-0000008.safetensors.x1y2",
    ]
    assert resumed_at(run(reel)) == [4]
    assert made(reel) == expected
    assert states(reel) == []


def test_a_shot_that_is_whole_but_for_its_commit_loses_its_states(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=8, shots=1)
    run(reel)
    folder = folder_of(reel)
    (folder / "commit.json").unlink()
    (folder / "blocks" / "0000000-0000004.safetensors").write_bytes(b"left by a kill")
    assert resumed_at(run(reel)) == [8]
    assert states(reel) == []
    assert read_commit(reel.product_folder("trail", "0" * 64, reel.shots()[0])) is not None


@pytest.mark.parametrize("frame", [2, 6])
@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_worker_that_outlives_its_run_does_no_harm_beside_the_next(
    make_tiny_reel: MakeReel, expected: bytes, frame: int, is_stopped: bool
) -> None:
    reel = make_tiny_reel(frames=14, shots=1)
    runs: list[list[Event]] = []

    def take_up_at_once(event: Event) -> None:
        if isinstance(event, WindowDone) and event.start == frame and not runs:
            runs.append([])
            if is_stopped:
                with pytest.raises(Interrupted):
                    run(reel, must_stop=lambda: True)
            else:
                run(reel)

    run_task(reel, task_of(reel), device=CPU, emit=take_up_at_once, cut=CUT)
    assert runs
    assert made(reel) == expected
    assert states(reel) == []


def test_states_keep_every_bit_and_dtype(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=2, shots=1)
    folder = reel.product_folder("trail", "1" * 64, reel.shots()[0])
    state = {
        "half": torch.randn(2, 3).half(),
        "single": torch.tensor([float("nan"), -0.0, 1e-42]),
        "turned": torch.arange(6).view(2, 3).T,
    }
    commit = BlockCommit(0, 2, {}, state=keep_state(folder, 0, 2, state))
    kept = kept_state(folder, commit, CPU)
    assert kept is not None
    for name, tensor in state.items():
        assert kept[name].dtype == tensor.dtype
        assert kept[name].numpy().tobytes() == tensor.contiguous().numpy().tobytes()
    assert kept_state(folder, BlockCommit(0, 2, {}), CPU) is None
    drop_states(folder, but=commit)
    assert kept_state(folder, commit, CPU) is not None
    drop_states(folder)
    assert kept_state(folder, commit, CPU) is None


def test_commits_are_withdrawn_from_the_last(
    make_tiny_reel: MakeReel, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = make_tiny_reel(frames=14, shots=1)
    stop_in_frame(reel, 12)
    for state in folder_of(reel).glob("blocks/*.safetensors"):
        state.unlink()
    unlinked: list[str] = []
    unlink = Path.unlink

    def killed_after_one(path: Path, *, missing_ok: bool = False) -> None:
        if unlinked:
            raise KeyboardInterrupt
        unlinked.append(path.name)
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed_after_one)
        with pytest.raises(KeyboardInterrupt):
            run(reel)
    assert unlinked == ["0000008-0000012.json"]
    assert resumed_at(run(reel)) == [0]
    assert made(reel) == expected
