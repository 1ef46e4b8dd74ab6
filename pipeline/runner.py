"""Running one task: a stage over a shot, window by window, block by block, from where it was left.

Reading ahead, computing and writing run beside each other. One block at a time is under way: the next one
is not begun before this one is committed, so a kill loses the work of at most one block.
"""

import hashlib
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
import torch

from reelfix.pipeline.ahead import ahead
from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.commit import (
    BlockCommit,
    ShotCommit,
    commit_block,
    commit_shot,
    committed_blocks,
    read_commit,
)
from reelfix.pipeline.errors import Interrupted
from reelfix.pipeline.events import BlockDone, Emit, TaskStarted, WindowDone
from reelfix.pipeline.inputs import SlidingWindow, open_input
from reelfix.pipeline.memory import process_within_memory
from reelfix.pipeline.plan import Task
from reelfix.pipeline.products import PRODUCTS, ProductStore, WriteFrames
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.stage import Products, Stage, Window


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

    def __post_init__(self) -> None:
        self.folder = self.reel.product_folder(self.task.stage, self.task.key, self.task.shot)
        self.frame_count = self.task.shot.frame_count
        self.blocks = self.cut.blocks(self.frame_count)
        self.specs = tuple(
            spec for product in self.stage.made for spec in PRODUCTS[product].arrays(self.task.clip)
        )

    def take_up(self) -> list[BlockCommit]:
        """Open the products of an earlier attempt, or make them anew; returns its committed blocks."""
        done = committed_blocks(self.folder, self.blocks)
        if done:
            self.store = ProductStore.open(self.folder)
        else:
            self.store = ProductStore.create(
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
                block = _BlockWriter(self, start, stop)
                written: list[Future[None]] = []
                for _ in self.cut.windows(start, stop):
                    window = next(windows)
                    if self.must_stop():
                        raise Interrupted(f"{self.task} was stopped at frame {window.start}.")
                    products = process_within_memory(process, window, self.stage.handle)
                    self.emit(self._computed(window))
                    # One window is written while the next is computed, and no more are held.
                    if written:
                        written.pop().result()
                    written.append(writer.submit(block.write, window, products))
                written.pop().result()
                yield block.commit()

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


class _BlockWriter:
    """Writes the windows of one block, keeping the digests and curves that its commit will state."""

    def __init__(self, run: _TaskRun, start: int, stop: int) -> None:
        self._run = run
        self._start = start
        self._stop = stop
        self._digests = {spec.name: hashlib.sha256() for spec in run.specs}
        self._curves: dict[str, list[float]] = {}

    def write(self, window: Window, products: Products) -> None:
        """Store one window's products."""
        for product in self._run.stage.made:
            self._note_curves(product, window, products[product])
            for name, values in PRODUCTS[product].encode(products[product]).items():
                contiguous = np.ascontiguousarray(values)
                digested = self._run.digester.submit(self._digests[name].update, contiguous.data)
                self._run.write(name, window.start, contiguous)
                digested.result()

    def _note_curves(self, product: str, window: Window, value: Any) -> None:
        if product == "frames":
            pairs = zip(value, window.frames[window.core], strict=True)
            changes = [mean_change(after, before) for after, before in pairs]
            self._curves.setdefault("changed", []).extend(changes)
        elif product == "mask":
            marked = (value >= 128).float().mean(dim=(2, 3))  # Tx2
            for index, name in enumerate(("dirt", "scratch")):
                self._curves.setdefault(name, []).extend(round(float(x), 7) for x in marked[:, index])

    def commit(self) -> BlockCommit:
        """Declare the block whole: its shards are durable by now."""
        digests = {name: digest.hexdigest() for name, digest in self._digests.items()}
        commit = BlockCommit(self._start, self._stop, digests, self._curves)
        commit_block(self._run.folder, commit)
        return commit


def mean_change(after: torch.Tensor, before: torch.Tensor) -> float:
    """Mean absolute difference of two frames (C, H, W) in [0, 1]."""
    if after.device.type != "cpu":
        return round(float((after - before).abs_().mean()), 7)
    rows = (-1, after.shape[-1])
    total = cv2.norm(
        after.contiguous().numpy().reshape(rows), before.contiguous().numpy().reshape(rows), cv2.NORM_L1
    )
    return round(float(total) / after.numel(), 7)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("reelfix", "torch", "numpy", "opencv-python-headless", "zarr")}
