"""The outcome of a reel's plan: for every shot, the frames before and after, where all stages are done."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from reelfix.pipeline.colour_planes import ChromaCodes, codes_in_colour
from reelfix.pipeline.commit import ShotCommit, read_commit
from reelfix.pipeline.failures import Failure, read_failure
from reelfix.pipeline.pixels import Codes
from reelfix.pipeline.plan import Plan, Task, plan_of
from reelfix.pipeline.products import ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.source_frames import SourceFrames


@dataclass(frozen=True)
class StageOutcome:
    """How one stage of one shot stands."""

    task: Task
    commit: ShotCommit | None
    """None until its products are whole."""
    failure: Failure | None


@dataclass(frozen=True)
class ShotOutcome:
    """How a shot stands under the reel's plan, and its pictures."""

    reel: Reel
    shot: Shot
    stages: tuple[StageOutcome, ...]

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Names of the stages that are not done."""
        return tuple(entry.task.stage for entry in self.stages if entry.commit is None)

    @property
    def is_restored(self) -> bool:
        """Whether a stage that makes frames, or chroma, is part of the plan."""
        return self._maker("frames") is not None or self.has_chroma

    @property
    def has_chroma(self) -> bool:
        """Whether a stage that makes chroma is part of the plan."""
        return self._maker("chroma") is not None

    def before(self, start: int, stop: int) -> Codes:
        """Return frames `[start, stop)` of the reel as ingested: uint16 (T, C, H, W)."""
        return self._source.read(start - self.shot.start, stop - self.shot.start)["frames"]

    def after(self, start: int, stop: int) -> Codes:
        """Return frames `[start, stop)` of the reel as restored; as ingested where no stage makes frames.

        Raises StoreError where the stage that makes them has not run.
        """
        frames = self._read("frames", start, stop)
        return self.before(start, stop) if frames is None else frames

    def read(self, start: int, stop: int) -> tuple[Codes, Codes]:
        """Return frames `[start, stop)` before and after."""
        return self.before(start, stop), self.after(start, stop)

    def mask(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """Return the masks of frames `[start, stop)`: uint8 (T, 2, H, W); None where none was made."""
        return self._read("mask", start, stop)

    def chroma(self, start: int, stop: int) -> ChromaCodes | None:
        """Return the chroma of frames `[start, stop)`: uint16 (T, 2, H, W); None where none was made."""
        return self._read("chroma", start, stop)

    def seen(self, start: int, stop: int) -> Codes:
        """Return frames `[start, stop)` as a screen shows them: restored, R, G, B where they got colours."""
        frames, chroma = self.after(start, stop), self.chroma(start, stop)
        if chroma is None:
            return frames
        clip = self.reel.clip
        return codes_in_colour(frames, chroma, clip.red_weight, clip.blue_weight)

    def curve(self, stage: str, name: str) -> list[float]:
        """Return a curve of a stage's commit, one number per frame of the shot; empty where there is none."""
        for entry in self.stages:
            if entry.task.stage == stage and entry.commit is not None:
                return entry.commit.curve(name)
        return []

    def _maker(self, product: str) -> Task | None:
        """Return the last task that makes `product`."""
        return self._makers.get(product)

    @cached_property
    def _makers(self) -> dict[str, Task]:
        """The last task that makes each product, with its settings."""
        return {product: entry.task for entry in self.stages for product in entry.task.make_stage().made}

    @cached_property
    def _source(self) -> SourceFrames:
        return SourceFrames(self.reel, self.shot)

    @cached_property
    def _stores(self) -> dict[str, ProductStore]:
        """Stores opened so far, by product."""
        return {}

    def _read(self, product: str, start: int, stop: int) -> npt.NDArray[Any] | None:
        """Read the array of that name; None where no stage makes the product."""
        task = self._maker(product)
        if task is None:
            return None
        if product not in self._stores:
            folder = self.reel.product_folder(task.stage, task.key, self.shot)
            self._stores[product] = ProductStore.open(folder)
        return self._stores[product].read(product, start - self.shot.start, stop - self.shot.start)


def outcome_of(reel: Reel, shot: Shot, plan: Plan | None = None) -> ShotOutcome:
    """Look up how `shot` stands under `plan`, the reel's own by default."""
    chain = (plan or plan_of(reel)).chain_of(shot)
    stages = []
    for task in chain:
        folder = reel.product_folder(task.stage, task.key, shot)
        stages.append(StageOutcome(task, read_commit(folder), read_failure(folder)))
    return ShotOutcome(reel, shot, tuple(stages))
