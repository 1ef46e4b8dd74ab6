"""Batches of real old film: what domain A must also hold, and for which there is no truth."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.training.recipe import Batch, Source


@dataclass(frozen=True)
class RealSource:
    """Crops of real frames, drawn by seed and step: `real` (B, 1, crop, crop) float32 in [0, 1].

    `folders` hold arrays `*.npy`, uint8 (T, H, W), gray.
    """

    folders: tuple[Path, ...]
    seed: int
    batch_size: int
    crop: int

    @cached_property
    def reels(self) -> list[npt.NDArray[np.uint8]]:
        """All arrays that are large enough; raises FileNotFoundError where there are none."""
        paths = [path for folder in self.folders for path in sorted(folder.glob("*.npy"))]
        reels = [np.load(path, mmap_mode="r") for path in paths]
        large = [reel for reel in reels if min(reel.shape[1:]) >= self.crop]
        if not large:
            named = ", ".join(map(str, self.folders))
            raise FileNotFoundError(
                f"{named} has no frames of {self.crop} x {self.crop} pixels or more. Name other real film."
            )
        return large

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        random = np.random.default_rng([self.seed, step])
        crops = np.stack([self._crop(random) for _ in range(self.batch_size)])
        return {"real": torch.from_numpy(crops[:, None].astype(np.float32) / 255)}

    def _crop(self, random: np.random.Generator) -> npt.NDArray[Any]:
        reel = self.reels[int(random.integers(len(self.reels)))]
        count, height, width = reel.shape
        top, left = (int(random.integers(size - self.crop + 1)) for size in (height, width))
        crop = reel[int(random.integers(count)), top : top + self.crop, left : left + self.crop]
        return crop[:, ::-1] if random.random() < 0.5 else crop


@dataclass(frozen=True)
class JoinedSource:
    """Batches of several sources, put together."""

    sources: tuple[Source, ...]

    def batch(self, step: int) -> Batch:
        """Return the batch of a step: all the tensors of all sources."""
        return {name: values for source in self.sources for name, values in source.batch(step).items()}
