"""`bin/bench prepare`: damaged clips with their truth, put through the stages that need no net."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import click
import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.pipeline.evaluation.clips import clip_paths, read_clip
from reelfix.restoration.damage import Shapes, load_shapes
from reelfix.restoration.training.prepared import Item, Part, prepare, write_item
from reelfix.restoration.training.still_clips import still_clip
from reelfix.restoration.training.variety import varied_damage

_CLIP = (24, 288, 384)  # frames, height, width
_STILL = (16, 256, 336)
_BLACK, _WHITE = 0.05, 0.85  # as the clips of `bin/bench quality` have it
_VALIDATION_CLIPS = frozenset({"coffee", "ta2"})


@dataclass(frozen=True)
class _Job:
    number: int
    source: Path
    others: tuple[Path, ...]
    part: Part
    seed: int


def still_part(name: str) -> Part | None:
    """Return a still's part by the CRC-32 of its file's name; None for those held out for evaluation."""
    places: dict[int, Part | None] = {8: "validation", 9: None}
    return places.get(crc32(name.encode()) % 10, "train")


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option(
    "--clips", "clip_count", default=400, show_default=True, help="Prepared clips of moving pictures."
)
@click.option("--stills", "still_count", default=500, show_default=True, help="Prepared clips of stills.")
@click.option("--seed", default=0, show_default=True)
@click.option("--processes", default=2, show_default=True)
def command(data: Path, output: Path, clip_count: int, still_count: int, seed: int, processes: int) -> None:
    """Prepare training clips from data/clips and data/stills; what is there already is kept.

    Clips and damage that `bin/bench quality --part held-out` measures on are not touched, nor are a tenth of
    the stills.
    """
    random = np.random.default_rng(seed)
    jobs = _mixed(_clip_jobs(data, clip_count, random), _still_jobs(data, still_count, random, clip_count))
    work = partial(_prepare, data=data, output=output)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done, line in enumerate(pool.map(work, jobs), 1):
            click.echo(f"{done}/{len(jobs)} {line}")


def _clip_jobs(data: Path, count: int, random: np.random.Generator) -> list[_Job]:
    paths = list(clip_paths(data / "clips", "tune").values())
    jobs = []
    for number in range(count):
        path = paths[number % len(paths)]
        part: Part = "validation" if path.stem in _VALIDATION_CLIPS else "train"
        jobs.append(_Job(number, path, (), part, int(random.integers(2**31))))
    return jobs


def _still_jobs(data: Path, count: int, random: np.random.Generator, first: int) -> list[_Job]:
    by_part: dict[str, list[Path]] = {"train": [], "validation": []}
    for path in sorted((data / "stills").glob("*/*")):
        if (part := still_part(path.name)) is not None:
            by_part[part].append(path)
    jobs = []
    for number in range(first, first + count):
        part = "validation" if number % 10 == 0 else "train"
        pool = by_part[part]
        picked = [pool[i] for i in random.integers(len(pool), size=1 + int(random.integers(3)))]
        jobs.append(_Job(number, picked[0], tuple(picked[1:]), part, int(random.integers(2**31))))
    return jobs


def _mixed(one: list[_Job], other: list[_Job]) -> list[_Job]:
    """Both, each evenly spread: whenever one stops, the mixture is right."""
    places = [
        *((i + 0.5) / len(one) for i in range(len(one))),
        *((i + 0.5) / len(other) for i in range(len(other))),
    ]
    return [job for _, job in sorted(zip(places, [*one, *other], strict=True), key=lambda pair: pair[0])]


@cache
def _shapes(folder: Path) -> Shapes:
    return load_shapes(folder, "tune")


def _prepare(job: _Job, *, data: Path, output: Path) -> str:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    folder = output / f"{job.number:05d}"
    if (folder / "item.json").exists():
        return f"{folder.name} is there"
    random = np.random.default_rng(job.seed)
    moves = job.source.parent.name == "clips"
    clean = _moving(job, random) if moves else _still(job, random)
    era, settings = varied_damage(random, clean.shape[1])
    frames = torch.from_numpy((_BLACK + (_WHITE - _BLACK) * clean)[:, None].astype(np.float32))
    arrays = prepare(frames, settings, job.seed, _shapes(data / "damage"))
    write_item(folder, Item(job.source.name, era, job.seed, job.part), arrays)
    return f"{folder.name} {job.source.name} {era} {job.part}"


def _moving(job: _Job, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """A part of a clip, (T, H, W) in [0, 1]."""
    frames, height, width = _CLIP
    read = read_clip(
        job.source, frames=frames, width=int(random.integers(420, 960)), choice=int(random.integers(6))
    )
    clean = (read.frames[:, 0].numpy() - _BLACK) / (_WHITE - _BLACK)
    if random.random() < 0.5:
        clean = clean[:, :, ::-1]
    top = int(random.integers(max(clean.shape[1] - height, 0) + 1))
    left = int(random.integers(max(clean.shape[2] - width, 0) + 1))
    return np.ascontiguousarray(clean[:, top : top + height, left : left + width])


def _still(job: _Job, random: np.random.Generator) -> npt.NDArray[np.float32]:
    frames, height, width = _STILL
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in (job.source, *job.others)]
    planes = [np.asarray(picture, np.float32) / 255 for picture in pictures]
    return still_clip(planes[0], planes[1:], random, frames=frames, height=height, width=width)
