"""Running one task: a stage over a shot, window by window, block by block, from where it was left.

Reading ahead, computing and writing run beside each other. One block at a time is under way: the next one
is not begun before this one is committed, so a kill loses the work of at most one block.
"""

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from reelfix.pipeline.ahead import ahead
from reelfix.pipeline.block_writer import BlockWriter
from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.carried import State, drop_states, kept_state
from reelfix.pipeline.commit import (
    BlockCommit,
    ShotCommit,
    commit_shot,
    committed_blocks,
    read_commit,
    withdraw_blocks,
)
from reelfix.pipeline.errors import Interrupted
from reelfix.pipeline.events import BlockDone, Emit, TaskStarted, WindowDone
from reelfix.pipeline.inputs import SlidingWindow, open_input
from reelfix.pipeline.memory import process_within_memory
from reelfix.pipeline.plan import Task
from reelfix.pipeline.products import PRODUCTS, ProductStore, WriteFrames
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.stage import Process, Products, Stage, Window


@dataclass(frozen=True)
class TaskResult:
    """What running a task came to."""

    frames: int
    """Frames processed now."""
    blocks: int
    """Blocks committed now."""
    resumed_at: int
    """Frames of the shot that were committed before."""
    seconds: float


def run_task(
    reel: Reel,
    task: Task,
    *,
    device: torch.device,
    emit: Emit,
    must_stop: Callable[[], bool] = lambda: False,
    cut: Cut | None = None,
) -> TaskResult:
    """Make a task's products whole, starting after the blocks that are committed already.

    Raises Interrupted between windows once `must_stop()` is true; whatever the stage or the stores raise.
    """
    begun = time.monotonic()
    stage = task.make_stage()
    run = _TaskRun(reel, task, stage, cut or Cut.of(task.clip, stage.handle), device, emit, must_stop)
    done = run.take_up()
    resumed_at = done[-1].stop if done else 0
    emit(TaskStarted(str(reel), task.stage, task.shot.number, task.shot.frame_count, resumed_at))
    committed = list(done)
    for commit in run.remaining(done):
        committed.append(commit)
        changed = float(np.mean(commit.curves.get("changed", [0.0])))
        emit(BlockDone(str(reel), task.stage, task.shot.number, commit.stop - commit.start, changed))
    seconds = time.monotonic() - begun
    run.finish(committed, seconds)
    return TaskResult(task.shot.frame_count - resumed_at, len(committed) - len(done), resumed_at, seconds)


@dataclass
class _TaskRun:
    """The stores and settings of one task under way."""

    reel: Reel
    task: Task
    stage: Stage[Any]
    cut: Cut
    device: torch.device
    emit: Emit
    must_stop: Callable[[], bool]
    store: ProductStore = field(init=False)
    write: WriteFrames = field(init=False)
    digester: ThreadPoolExecutor = field(init=False)
    carried: State = field(init=False, default_factory=dict)
    """What the stage carries on from the last window."""

    def __post_init__(self) -> None:
        self.folder = self.reel.product_folder(self.task.stage, self.task.key, self.task.shot)
        self.frame_count = self.task.shot.frame_count
        self.blocks = self.cut.blocks(self.frame_count)
        self.specs = tuple(
            spec for product in self.stage.made for spec in PRODUCTS[product].arrays(self.task.clip)
        )

    def take_up(self) -> list[BlockCommit]:
        """Open the products of an earlier attempt, or make them; returns its committed blocks.

        Where what the stage carried is lost, nothing of the attempt can be gone on from.
        """
        done = committed_blocks(self.folder, self.blocks)
        if done and self.stage.carries and len(done) < len(self.blocks):
            state = kept_state(self.folder, done[-1], self.device)
            if state is None:
                withdraw_blocks(self.folder)
                done = []
            else:
                self.carried = state
        if done:
            self.store = ProductStore.open(self.folder)
        else:
            self.store = ProductStore.open_or_create(
                self.folder, self.specs, frame_count=self.frame_count, window_frames=self.cut.window_frames
            )
        return done

    def remaining(self, done: Sequence[BlockCommit]) -> Iterator[BlockCommit]:
        """Do the blocks that are not committed, yielding each commit once it is safe."""
        todo = self.blocks[len(done) :]
        if not todo:
            return
        process = self.stage.open(self.device)
        windows = ahead(self._windows(todo))
        with (
            self.store.writer() as self.write,
            ThreadPoolExecutor(1, thread_name_prefix="write") as writer,
            ThreadPoolExecutor(1, thread_name_prefix="digest") as self.digester,
        ):
            for start, stop in todo:
                block = BlockWriter((start, stop), self.stage.made, self.specs, self.write, self.digester)
                written: list[Future[None]] = []
                for _ in self.cut.windows(start, stop):
                    window = next(windows)
                    if self.must_stop():
                        raise Interrupted(f"{self.task} was stopped at frame {window.start}.")
                    products = self._processed(process, window)
                    self.emit(self._computed(window))
                    # One window is written while the next is computed, and no more are held.
                    if written:
                        written.pop().result()
                    written.append(writer.submit(block.write, window, products))
                written.pop().result()
                yield self._committed(block, is_last=stop == self.frame_count)

    def _committed(self, block: BlockWriter, *, is_last: bool) -> BlockCommit:
        """Commit a block; then what the one before it carried is no longer needed."""
        commit = block.commit(self.folder, {} if is_last else self.carried)
        if self.stage.carries:
            drop_states(self.folder, but=commit)
        return commit

    def _processed(self, process: Process, window: Window) -> Products:
        """Run the stage on a window, and keep what it carries on to the next."""
        carries = self.stage.carries
        products = process_within_memory(
            process, replace(window, carried=self.carried), self.stage.handle, carries
        )
        self.carried = {name: products.pop(name) for name in carries}
        return products

    def _windows(self, blocks: Sequence[tuple[int, int]]) -> Iterator[Window]:
        """Read the windows of the blocks, with the handles that the shot has."""
        readers = {
            source.product: SlidingWindow(open_input(self.reel, self.task, source))
            for source in self.task.inputs
        }
        handle, whole = self.stage.handle, frozenset(self.stage.reads_whole)
        for block in blocks:
            for start, stop in self.cut.windows(*block):
                first, last = max(start - handle, 0), min(stop + handle, self.frame_count)
                products = {
                    name: PRODUCTS[name].decode(
                        reader.read(*((0, self.frame_count) if name in whole else (first, last))), self.device
                    )
                    for name, reader in readers.items()
                }
                yield Window(products, start, stop, start - first, last - stop, self.frame_count, whole)

    def _computed(self, window: Window) -> WindowDone:
        frames = window.stop - window.start
        return WindowDone(str(self.reel), self.task.stage, self.task.shot.number, window.start, frames)

    def finish(self, blocks: Sequence[BlockCommit], seconds: float) -> None:
        """Declare the shot whole."""
        if read_commit(self.folder) is not None:
            return
        if self.stage.carries:
            drop_states(self.folder)
        task = self.task
        commit_shot(
            self.folder,
            ShotCommit(
                stage=task.stage,
                key=task.key,
                start=task.shot.start,
                stop=task.shot.stop,
                settings=task.settings,
                inputs={entry.product: entry.key for entry in task.inputs},
                weights=list(self.stage.weights),
                blocks=list(blocks),
                seconds=round(seconds, 3),
                device=_device_name(self.device),
                versions=_versions(),
            ),
        )


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("reelfix", "torch", "numpy", "opencv-python-headless", "zarr")}
