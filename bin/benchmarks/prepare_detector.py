"""`bin/bench prepare_detector`: clips that teach the detector what is no damage.

Prepared clips always have lines that stay, so here are clips without any: of moving pictures, in `bare`; and
of old films as they are, and with damage laid on, in `films`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.pipeline.evaluation.clips import clip_paths, read_clip
from reelfix.restoration.damage import NOTHING, Shapes, load_shapes
from reelfix.restoration.training.prepared import Item, prepare, write_item
from reelfix.restoration.training.variety import varied_damage

_FRAMES, _HEIGHT, _WIDTH, _LEAST = 24, 288, 384, (240, 320)
_EVERY = 22  # frames from the beginning of one piece of film to that of the next
_VALIDATION_CLIPS = frozenset({"coffee", "ta2"})
_SOUND = 0.4  # share of the clips that have no marks at all
_MAYBE = 40  # 255ths of probability from which on nobody knows whether a speck is dirt
_AROUND = np.ones((7, 7), np.uint8)
_ANY = 1 << 30  # pixels


@dataclass(frozen=True)
class Film:
    """What was seen of an old film, by looking at it frame by frame."""

    name: str
    columns: tuple[int, int]
    """Where its picture lies."""
    speck: int
    """Pixels up to which what the model-free detector takes for dirt may be dirt; the rest is the scene's."""
    no_lines: int
    """Column up to which there is no scratch, nor a hair in the gate; beyond nobody knows."""
    cut: int | None = None


FILMS = (
    Film("chaplin.mp4", (75, 562), 8, 640),
    Film("holland.mp4", (75, 565), 220, 640),
    Film("lab.mkv", (0, 476), 220, 260, cut=75),
    Film("robbery.mkv", (0, 480), _ANY, 480),
    Film("gates.mkv", (0, 480), _ANY, 400),
    Film("barn.mkv", (18, 622), _ANY, 560),
)


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--clips", "clip_count", default=75, show_default=True, help="Clips without lines.")
@click.option("--seed", default=77, show_default=True)
def command(data: Path, output: Path, clip_count: int, seed: int) -> None:
    """Prepare clips of data/clips without lines, and pieces of data/films; what is there already is kept."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shapes = load_shapes(data / "damage", "tune")
    paths = [
        path for name, path in clip_paths(data / "clips", "tune").items() if name not in _VALIDATION_CLIPS
    ]
    for number in range(clip_count):
        folder, random = output / "bare" / f"{number:04d}", np.random.default_rng([seed, number])
        if not (folder / "item.json").exists():
            click.echo(f"{folder} {_bare(folder, paths[number % len(paths)], random, shapes)}")
    for number, (film, start, is_marked) in enumerate(_pieces(data / "films")):
        folder, random = output / "films" / f"{number:04d}", np.random.default_rng([seed + 1, number])
        if not (folder / "item.json").exists():
            _piece(folder, data / "films", film, start, random, shapes if is_marked else None)
            click.echo(f"{folder} {film.name} {start} {'with' if is_marked else 'without'} marks")


def _bare(folder: Path, path: Path, random: np.random.Generator, shapes: Shapes) -> str:
    """Prepare a clip without scratches and hairs in the gate; returns what became of it."""
    width, choice = int(random.integers(420, 960)), int(random.integers(6))
    clip = read_clip(path, frames=_FRAMES, width=width, choice=choice).frames
    if clip.shape[2] < _LEAST[0] or clip.shape[3] < _LEAST[1]:
        return f"{path.name} is too small and left out"
    clip = _cropped(clip, random)
    era, settings = varied_damage(random, clip.shape[2])
    settings = replace(settings, scratches=None, gate_hairs=None)
    if random.random() < _SOUND:
        settings = replace(settings, dirt=None, hairs=None, blotches=None, abrasions=None)
    seed = int(random.integers(2**31))
    write_item(folder, Item(path.name, era, seed, "train"), prepare(clip, settings, seed, shapes))
    return path.name


def _pieces(folder: Path) -> Iterator[tuple[Film, int, bool]]:
    """Pieces of the films, twice each way: a film, the first frame, and whether damage is laid on."""
    for _ in range(2):
        for film in FILMS:
            count = int(cv2.VideoCapture(str(folder / film.name)).get(cv2.CAP_PROP_FRAME_COUNT))
            for start in range(0, count - _FRAMES + 1, _EVERY):
                if film.cut is None or not start < film.cut < start + _FRAMES:
                    yield from ((film, start, is_marked) for is_marked in (False, True))


def _piece(
    folder: Path, films: Path, film: Film, start: int, random: np.random.Generator, shapes: Shapes | None
) -> None:
    """Prepare a piece of film, with damage laid on where there are `shapes` for it."""
    frames = _read(films / film.name, start)[..., slice(*film.columns)]
    known = np.arange(*film.columns) < film.no_lines
    # The columns that are known go where the picture goes.
    both = torch.cat([frames, torch.from_numpy(known).float().expand(1, 1, frames.shape[2], -1)])
    both = _cropped(both, random)
    frames, known = both[:-1].contiguous(), both[-1, 0].numpy() > 0.5
    era, settings = varied_damage(random, frames.shape[2])
    settings = replace(settings, flicker=None, local_flicker=None, grain=None, weave=None, blur=0.0)
    seed = int(random.integers(2**31))
    arrays = prepare(frames, settings if shapes else NOTHING, seed, shapes)
    own = arrays if shapes is None else prepare(frames, NOTHING, seed)
    ignore = np.stack([np.stack([_maybe(mask, film.speck), 255 * ~known]) for mask in own["found"][:, 0]])
    ignore[arrays["truth"] > 0] = 0
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "ignore.npy", ignore.astype(np.uint8))
    write_item(folder, Item(f"{film.name} {start}", era if shapes else "none", seed, "train"), arrays)


def _maybe(mask: npt.NDArray[np.uint8], speck: int) -> npt.NDArray[np.uint8]:
    """Where (H, W) small things are that may be dirt, and what is next to them: 255."""
    found = (mask >= _MAYBE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] <= speck
    small[0] = False
    return np.asarray(255 * cv2.dilate(small[labels].astype(np.uint8), _AROUND), np.uint8)


def _read(path: Path, start: int) -> torch.Tensor:
    """Read gray frames, float32 (T, 1, H, W) in [0, 1]."""
    capture = cv2.VideoCapture(str(path))
    frames = [capture.read()[1] for _ in range(start + _FRAMES)][start:]
    gray = np.stack([cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames])
    return torch.from_numpy(gray[:, None].astype(np.float32) / 255)


def _cropped(frames: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """A part of the frames, mirrored half the time."""
    height, width = min(_HEIGHT, frames.shape[2]), min(_WIDTH, frames.shape[3])
    top = int(random.integers(frames.shape[2] - height + 1))
    left = int(random.integers(frames.shape[3] - width + 1))
    part = frames[:, :, top : top + height, left : left + width]
    return (part.flip(3) if random.random() < 0.5 else part).contiguous()
