"""Scratched and clean cases to train and measure the detection of scratches on, with the motion in them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.pipeline.evaluation.clips import clip_paths, read_clip
from reelfix.restoration.damage import (
    NOTHING,
    DamagedClip,
    DamageSettings,
    Dirt,
    Grain,
    Scratches,
    Shapes,
    Weave,
    damage_clip,
)
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion

ASIDE = frozenset({"bedroom", "cars", "fire", "ta2", "tree"})
"""Clips kept out of training, to measure on."""
CLEAN = frozenset({"clean", "woven", "steadied", "poles", "pan"})
"""Kinds of cases without scratches."""

Frames = npt.NDArray[np.float32]
_WOVEN = frozenset({"woven", "steadied", "scratched, steadied"})
_STEADIED = frozenset({"steadied", "scratched, steadied"})
_PANNED = frozenset({"pan", "scratched pan"})


@dataclass(frozen=True)
class Case:
    """One clip with one kind of scratches."""

    clip: str
    kind: str
    """See `_settings`."""
    frames: torch.Tensor
    """float32 (T, 1, H, W)."""
    motion: Motion
    scratched: npt.NDArray[np.bool_]
    """(T, H, W)."""


def cases(
    data: Path, shapes: Shapes, *, aside: bool, repetitions: int, frames: int = 14, width: int = 480
) -> Iterator[Case]:
    """Make every kind of case of every clip, of those kept aside or of the others; always the same ones."""
    for number, (name, path) in enumerate(clip_paths(data / "clips", "tune").items()):
        if (name in ASIDE) != aside:
            continue
        random = np.random.default_rng(1920 + number)
        for repetition in range(repetitions):
            for kind, settings in _settings(random).items():
                clean = read_clip(path, frames=frames, width=width, choice=repetition).frames
                if kind in _PANNED:
                    clean = torch.from_numpy(_panned(clean.numpy(), random))
                if kind == "poles":
                    clean = torch.from_numpy(_with_poles(clean.numpy(), random))
                yield _case(name, kind, clean, settings, random, shapes)


def _case(
    clip: str,
    kind: str,
    clean: torch.Tensor,
    settings: DamageSettings,
    random: np.random.Generator,
    shapes: Shapes,
) -> Case:
    damaged = damage_clip(clean, settings, random.spawn(1)[0], shapes)
    frames = damaged.frames
    nothing = torch.zeros((len(frames), *frames.shape[2:]), dtype=torch.bool)
    scratched = damaged.kinds.get("scratch", nothing).numpy()
    if kind in _STEADIED:
        frames = torch.from_numpy(_steadied(frames.numpy(), damaged))
        scratched = _steadied(scratched[:, None].astype(np.float32), damaged)[:, 0] > 0.5
    return Case(clip, kind, frames, estimate_motion(frames), scratched)


def _steadied(planes: Frames, damaged: DamagedClip) -> Frames:
    """Undo the weave of planes (T, C, H, W), so that what runs over the film weaves against the scene."""
    steady = np.empty_like(planes)
    height, width = planes.shape[-2:]
    middle = ((width - 1) / 2, (height - 1) / 2)
    for t, (shift, degrees) in enumerate(zip(damaged.shifts.numpy(), damaged.degrees.numpy(), strict=True)):
        there = cv2.getRotationMatrix2D(middle, float(degrees), 1.0)
        there[:, 2] += shift
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        for channel, plane in enumerate(planes[t]):
            steady[t, channel] = cv2.warpAffine(
                plane, there, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101
            )
    return steady


def _settings(random: np.random.Generator) -> dict[str, DamageSettings]:
    """Draw what befalls a clip: grain, some dirt, and scratches of each kind or none."""
    plain = replace(
        NOTHING, grain=Grain(random.uniform(0.004, 0.025), random.uniform(0.4, 0.8)), dirt=Dirt(per_frame=4.0)
    )
    many = Scratches(per_100_frames=25)
    kinds: dict[str, Scratches | None] = {
        "scratched": many,
        "faint": replace(many, opacity=(0.1, 0.3)),
        "broken": replace(many, broken=0.6),
        "parallel": replace(many, per_100_frames=15, tramlines=1.0),
        "straight": replace(many, wander=0.0005),
        "scratched pan": replace(many, wander=random.uniform(0, 0.004)),
        "scratched, steadied": replace(many, wander=random.uniform(0, 0.004)),
        "clean": None,
        "woven": None,
        "steadied": None,
        "poles": None,
        "pan": None,
    }
    weave = Weave(deviation=(random.uniform(0.0005, 0.004), 0.002))
    return {
        kind: replace(plain, scratches=scratches, weave=weave if kind in _WOVEN else None)
        for kind, scratches in kinds.items()
    }


def _with_poles(clip: Frames, random: np.random.Generator) -> Frames:
    """Lay upright bars over a clip (T, 1, H, W), each going its own way evenly, or standing."""
    frames, _, height, width = clip.shape
    laid = clip.copy()
    for _ in range(7):
        speed = random.uniform(0.7, 8) * random.choice((-1, 0, 1))
        centre = random.uniform(0.05, 0.95) * width - speed * random.uniform(0, frames)
        breadth, soft = random.uniform(1.2, 5), random.uniform(0.16, 0.5)
        opacity, tone = random.uniform(0.4, 1), random.choice((0.05, 0.9))
        top = 0 if random.uniform() < 0.3 else int(random.uniform(0, 0.5) * height)
        bottom = height if random.uniform() < 0.3 else int(random.uniform(0.6, 1) * height)
        lean = random.normal(0, 0.01) * (np.arange(top, bottom) - height / 2)
        for t in range(frames):
            away = np.abs(np.arange(width) - (centre + speed * t + lean)[:, None])
            # Beyond some widths the exponential would overflow, and there is nothing.
            cover = opacity / (1 + np.exp(np.clip((away - breadth / 2) / soft, -50, 50)))
            laid[t, 0, top:bottom] += ((tone - laid[t, 0, top:bottom]) * cover).astype(np.float32)
    return laid


def _panned(clip: Frames, random: np.random.Generator) -> Frames:
    """A clip (T, 1, H, W) enlarged, over which the camera pans, not quite evenly."""
    frames, _, height, width = clip.shape
    zoom = random.uniform(1.2, 1.5)
    speed, rise = random.uniform(0.5, 4) * random.choice((-1, 1)), random.normal(0, 0.6)
    over, down = (zoom - 1) * width, (zoom - 1) * height
    across = random.uniform(0, over) + np.cumsum(speed * random.normal(1, 0.15, frames))
    along = random.uniform(0, down) + np.cumsum(rise + random.normal(0, 0.2, frames))
    # At the enlarged picture's edge the camera turns back.
    across, along = over - np.abs(across % (2 * over) - over), down - np.abs(along % (2 * down) - down)
    panned = np.empty_like(clip)
    for t in range(frames):
        view = np.array([[zoom, 0, -across[t]], [0, zoom, -along[t]]])
        panned[t, 0] = cv2.warpAffine(clip[t, 0], view, (width, height), flags=cv2.INTER_CUBIC)
    return np.clip(panned, 0, 1)
