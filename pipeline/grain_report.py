"""The grain of a reel's shots: as it came, as restoration left it, and as it is once grain was given back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import torch
from upath import UPath

from reelfix.io.documents import write_bytes, write_json
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.grain_report_drawing import draw_grain
from reelfix.pipeline.grain_shot import ShotGrain, shot_grain
from reelfix.pipeline.inputs import open_input
from reelfix.pipeline.outcome import ShotOutcome, outcome_of
from reelfix.pipeline.plan import Input, Task, plan_of
from reelfix.pipeline.products import PRODUCTS
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import select
from reelfix.restoration.grain_frames import measured, shot_profile

MEASURED = 8
"""Frames of a shot in which the grain that was given back is measured, at most."""


@dataclass(frozen=True)
class GrainReport:
    """What was measured, and where it is written."""

    shots: tuple[ShotGrain, ...]
    unmeasured: tuple[str, ...]
    """Shots of which nothing can be said: too small, too short, too restless."""
    document: UPath
    pictures: tuple[UPath, ...]


def make_grain_report(reel: Reel, *, shots: str | None = None) -> GrainReport:
    """Measure the grain of a reel's shots; write `sheets/grain.json`, and a picture of each shot beside it.

    `shots` (`"3,7-9"`): of these alone. Raises UsageError where the stage `grain` is not part of the reel's
    plan, or not done.
    """
    plan, found, unmeasured, pictures = plan_of(reel), [], [], []
    for shot in select(reel.shots(), shots):
        grain = _measured(outcome_of(reel, shot, plan))
        if grain is None:
            unmeasured.append(shot.name)
            continue
        found.append(grain)
        png = BytesIO()
        draw_grain(grain).save(png, "PNG")
        pictures.append(reel.root / "sheets" / f"grain-{shot.name}.png")
        write_bytes(pictures[-1], png.getvalue())
    document = reel.root / "sheets" / "grain.json"
    write_json(document, {"version": 1, "shots": [grain.content() for grain in found], "none": unmeasured})
    return GrainReport(tuple(found), tuple(unmeasured), document, tuple(pictures))


def _measured(outcome: ShotOutcome) -> ShotGrain | None:
    """Measure one shot; None where its grain could not be told."""
    tasks = {entry.task.stage: entry.task for entry in outcome.stages if entry.commit is not None}
    if "grain" not in tasks:
        planned = "grain" in {entry.task.stage for entry in outcome.stages}
        remedy = "It is in the plan: reelfix run" if planned else "reelfix run --stages detect,restore,grain"
        raise UsageError(f"{outcome.shot.name} has no grain given back yet. {remedy}.")
    task, measuring = tasks["grain"], tasks["grain_profile"]
    count, channels = outcome.shot.frame_count, task.clip.channels
    read = _reader(outcome.reel, task)
    before = shot_profile(read("grain_profile", 0, count), channels)
    if before is None:
        return None
    given = _reader(outcome.reel, task, Input("frames", task.stage, task.key))
    motion, rows = _reader(outcome.reel, measuring), []
    has_mask = any(entry.product == "mask" for entry in task.inputs)
    for start, stop in _pairs(count):
        mask = read("mask", start, stop) if has_mask else None
        frames, after = read("frames", start, stop), given("frames", start, stop)
        pair = measured(frames, after, mask, motion("motion", start, stop), slice(0, 1), [True])
        rows.append(pair)
    after = shot_profile(torch.cat(rows), channels) if rows else None
    return None if after is None else shot_grain(outcome.shot.name, before, after)


def _reader(reel: Reel, task: Task, own: Input | None = None) -> Callable[[str, int, int], Any]:
    """Return what reads products that `task` reads, or its `own`, decoded, for frames of the shot."""
    inputs = {entry.product: entry for entry in ((own,) if own else task.inputs)}
    opened = {name: open_input(reel, task, entry) for name, entry in inputs.items()}

    def read(product: str, start: int, stop: int) -> Any:
        return PRODUCTS[product].decode(opened[product].read(start, stop), torch.device("cpu"))

    return read


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    """Frames to measure, each with its next: evenly over the shot."""
    starts = np.unique(np.linspace(0, max(count - 2, 0), MEASURED).round()).astype(int).tolist()
    yield from ((int(start), int(start) + 2) for start in starts if start + 2 <= count)
