"""What the engine costs: a stage that does nothing against bare zarr, one that computes against itself."""

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import click
import cv2
import numpy as np
import torch
import zarr

from reelfix.bin.benchmarks.material import make_reel
from reelfix.io.documents import sync_file
from reelfix.io.storage import local_path, zarr_store
from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.events import silent
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.plan import Task, make_chain
from reelfix.pipeline.products import PRODUCTS, ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.runner import run_task
from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window
from reelfix.pipeline.stages.table import STAGES

CPU = torch.device("cpu")
_MEDIANS = 60


class Nothing(Stage[StageSettings]):
    """Gives every frame as it is."""

    name: ClassVar[str] = "nothing"
    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, ...]] = ("frames",)
    makes: ClassVar[tuple[str, ...]] = ("frames",)

    def open(self, device: torch.device) -> Process:
        """Return the identity."""
        return lambda window: {"frames": window.frames[window.core]}


class Medians(Nothing):
    """Some 40 ms of work a frame at 640 x 480: median filters, one after the other."""

    name: ClassVar[str] = "medians"

    def open(self, device: torch.device) -> Process:
        """Return the filter."""

        def process(window: Window) -> Products:
            return {"frames": torch.from_numpy(filtered(window.frames[window.core].numpy()))}

        return process


def filtered(
    frames: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Filter frames (T, C, H, W)."""
    result = np.empty_like(frames)
    for frame, out in zip(frames, result, strict=True):
        picture = frame[0]
        for _ in range(_MEDIANS):
            picture = cv2.medianBlur(picture, 5)
        out[0] = picture
    return result


@click.command(name="engine")
@click.option("--frames", default=480, show_default=True)
@click.option("--size", default="640x480", show_default=True)
@click.option("--runs", default=5, show_default=True)
def command(frames: int, size: str, runs: int) -> None:
    """Measure what the engine costs; ratios are of pairs run one after the other, the median is given."""
    width, height = (int(part) for part in size.split("x"))
    for kind in (Nothing, Medians):
        STAGES[kind.name] = f"{__name__}:{kind.__name__}"
    with tempfile.TemporaryDirectory() as folder:
        reel = make_reel(Path(folder) / "engine.reel", frames=frames, height=height, width=width)
        nothing = [(_engine(reel, "nothing", run), _bare(reel, run)) for run in range(runs + 1)][1:]
        medians = [(_engine(reel, "medians", run), _compute(reel)) for run in range(runs + 1)][1:]
    _report("a stage that does nothing, against bare zarr read and write", nothing, frames)
    _report("a stage that computes, against its function alone", medians, frames)


def _report(title: str, pairs: list[tuple[float, float]], frames: int) -> None:
    engine, reference = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    click.echo(f"{title}: {frames / engine:.0f} and {frames / reference:.0f} frames/s, ratio {ratio:.3f}")


def _task(reel: Reel, stage: str, run: int) -> Task:
    return make_chain(f"run {run}", reel.clip, reel.shots()[0], [stage], {})[0]


def _engine(reel: Reel, stage: str, run: int) -> float:
    task = _task(reel, stage, run)
    begun = time.perf_counter()
    run_task(reel, task, device=CPU, emit=silent)
    seconds = time.perf_counter() - begun
    shutil.rmtree(local_path(reel.product_folder(task.stage, task.key, task.shot)))
    return seconds


def _bare(reel: Reel, run: int) -> float:
    """Read every frame and write it as a stage's product would be, durably, with zarr and nothing else."""
    store, pixel_map = reel.store(), PixelMap.of(reel.info.video, is_monochrome=True)
    count, step = store.frame_count, Cut.of(reel.clip, 0).window_frames
    folder = reel.root / f"bare-{run}"
    begun = time.perf_counter()
    ProductStore.create(folder, PRODUCTS["frames"].arrays(reel.clip), frame_count=count, window_frames=step)
    products = zarr.open_array(zarr_store(folder / "products.zarr" / "frames"), mode="r+")
    for start in range(0, count, step):
        planes = store.read(start, min(start + step, count))
        products[start : start + step] = pixel_map.to_codes(planes)
        sync_file(local_path(folder / "products.zarr" / "frames" / f"c.{start // step}.0.0.0"))
    seconds = time.perf_counter() - begun
    shutil.rmtree(local_path(folder))
    return seconds


def _compute(reel: Reel) -> float:
    """Run the computing stage's function on frames that are in memory."""
    store, pixel_map = reel.store(), PixelMap.of(reel.info.video, is_monochrome=True)
    codes = pixel_map.to_codes(store.read(0, min(96, store.frame_count)))
    values = (codes / np.float32(65535)).astype(np.float32)
    step = Cut.of(reel.clip, 0).window_frames
    begun = time.perf_counter()
    for start in range(0, len(values), step):
        filtered(values[start : start + step])
    return (time.perf_counter() - begun) * store.frame_count / len(values)
