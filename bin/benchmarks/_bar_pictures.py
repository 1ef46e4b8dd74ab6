"""Pictures with grain, blur, marks and fading, to move the track bars on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from reelfix.pipeline.evaluation.clips import clip_paths, read_clip
from reelfix.restoration.damage import Shapes, load_shapes
from reelfix.restoration.metrics.bars import BarTruth
from reelfix.restoration.training.prepared import Item, Part, prepare, read_items, write_item
from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.training.source_prepared import PreparedSource
from reelfix.restoration.training.variety import varied_damage

_FRAMES, _WIDTH = 12, 480
_PART: Part = "validation"
_HOLES = 0.5  # share of the pictures in which marks are left that no neighbour shows


@dataclass(frozen=True)
class BarPicture:
    """A damaged picture as the nets see it, and what it was made of."""

    source: str
    batch: Batch
    """Of one crop; see `PreparedSource`."""

    @property
    def truth(self) -> BarTruth:
        """What it was made of, before it faded."""
        black, white = (float(value) for value in self.batch["fading"][0])
        planes = (self.batch[name][0, 0].numpy() for name in ("damaged", "unmarked", "soft", "clean"))
        return BarTruth(*((plane - np.float32(black)) / np.float32(white - black) for plane in planes))


def prepare_clips(data: Path, part: str, folder: Path, seed: int) -> Iterator[str]:
    """Damage each clip of a part, put it through the stages that need no net, into `folder`; names each."""
    is_tune = part == "tune"
    shapes = load_shapes(data / "damage", "tune" if is_tune else "held-out")
    for number, path in enumerate(clip_paths(data / "clips", "tune" if is_tune else "held-out").values()):
        _prepare_clip(path, shapes, folder / path.stem, 1000 * seed + number)
        yield path.stem


def _prepare_clip(path: Path, shapes: Shapes, folder: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    clip = read_clip(path, frames=_FRAMES, width=_WIDTH, choice=0).frames
    era, settings = varied_damage(random, clip.shape[2])
    arrays = prepare(clip, settings, seed, shapes)
    write_item(folder, Item(path.name, era, seed, _PART), arrays)


def bar_pictures(folder: Path, links: Path, count: int, crop: int, seed: int) -> Iterator[BarPicture]:
    """Cut `count` crops from each prepared validation clip in `folder`, every one of them faded.

    `links`: an empty folder, where each clip gets one of its own.
    """
    for number, item in enumerate(read_items(folder, _PART)):
        own = links / item.name
        own.mkdir()
        (own / item.name).symlink_to(item.resolve(), target_is_directory=True)
        source = PreparedSource(own, _PART, 1000 * seed + number, 1, crop, holes=_HOLES, faded=1.0, alone=0.0)
        name = str(json.loads((item / "item.json").read_text())["source"])
        if min(source.items[0]["frames"].shape[1:]) < crop:
            continue
        for step in range(count):
            batch = source.batch(step)
            yield BarPicture(name, {key: torch.as_tensor(values) for key, values in batch.items()})
