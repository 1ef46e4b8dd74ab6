"""Damaged and clean cases to train and measure the detection of dirt on, with the motion found in them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from reelfix.bin.benchmarks._dirt_flying import flying, swinging
from reelfix.bin.benchmarks._dirt_softness import dimmed, softened
from reelfix.pipeline.evaluation.clips import clip_paths, read_clip
from reelfix.restoration.damage import (
    ERAS,
    NOTHING,
    Abrasions,
    Blotches,
    DamagedClip,
    DamageSettings,
    Dirt,
    Flicker,
    Grain,
    Hairs,
    LocalFlicker,
    Shapes,
    damage_clip,
)
from reelfix.restoration.deflicker import deflicker
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion

ASIDE = frozenset({"bunny", "coffee", "dog", "plaza", "ta13"})
"""Clips kept out of training, to measure on."""

_THROWN = MappingProxyType({"flying": flying, "thrown": flying, "swinging": swinging, "running": swinging})
_FAST = MappingProxyType(
    {"light": (1, 2), "clean": (1, 2, 3), "swinging": (1, 2, 3), "running": (1, 2), "soft": (1, 2)}
)
_SOFT = MappingProxyType({"soft": 1.0, "specks": 1.0, "clean": 0.3, "thrown": 0.5, "running": 0.8})
"""Share of the cases of a kind that are dark, and soft as compressed film is."""
_GAUGES = (18.0, 16.0, 7.5, 3.5)  # heights of the picture on the film, in millimetres


@dataclass(frozen=True)
class Case:
    """One clip with one kind of damage, deflickered as before detection."""

    clip: str
    kind: str
    """era, dense, light, mixed, soft and so on: see `_settings`."""
    frames: torch.Tensor
    """float32 (T, 1, H, W)."""
    motion: Motion
    damaged: DamagedClip


def cases(
    data: Path, shapes: Shapes, *, aside: bool, repetitions: int, frames: int = 12, width: int = 480
) -> Iterator[Case]:
    """Make every kind of case of every clip, of those kept aside or of the others; always the same ones."""
    for number, (name, path) in enumerate(clip_paths(data / "clips", "tune").items()):
        if (name in ASIDE) != aside:
            continue
        random = np.random.default_rng(1900 + number)
        for repetition in range(repetitions):
            for choice, (kind, settings) in enumerate(_settings(random).items()):
                # Frames left out make motion as fast as in films shown too fast, or shot with few.
                every = int(random.choice(_FAST.get(kind, (1,))))
                picked = 3 * repetition + choice
                clean = read_clip(path, frames=every * frames, width=width, choice=picked).frames
                clean = clean[::every] if len(clean) >= 3 * every else clean
                if kind in _THROWN:
                    clean = torch.from_numpy(_THROWN[kind](clean.numpy(), random))
                is_soft = random.uniform() < _SOFT.get(kind, 0)
                if is_soft:
                    clean = torch.from_numpy(dimmed(clean.numpy(), random))
                damaged = damage_clip(clean, settings, random.spawn(1)[0], shapes)
                if is_soft:
                    damaged = replace(
                        damaged, frames=torch.from_numpy(softened(damaged.frames.numpy(), random))
                    )
                yield _case(name, kind, damaged)


def _case(clip: str, kind: str, damaged: DamagedClip) -> Case:
    frames = damaged.frames
    if damaged.settings.flicker is not None:
        frames = deflicker(frames, slice(None))
    return Case(clip, kind, frames, estimate_motion(frames), damaged)


def _settings(random: np.random.Generator) -> dict[str, DamageSettings]:
    """Draw what befalls a clip: an era's damage without its weave, dense dirt, little dirt, all that lies on
    one frame, abrasions, damage where there is next to no grain, nothing but grain and flicker, and next to
    nothing where things fly or limbs swing.
    """
    flicker = Flicker(random.uniform(0, 0.12), random.uniform(0, 0.05))
    base = replace(
        NOTHING,
        grain=Grain(random.uniform(0.004, 0.03), random.uniform(0.4, 0.8)),
        film_height_mm=float(random.choice(_GAUGES)),
    )
    faint = Grain(random.uniform(0.001, 0.006), random.uniform(0.4, 0.8))
    grainless = replace(base, grain=faint if random.uniform() < 0.6 else None)
    return {
        "era": replace(ERAS[str(random.choice(sorted(ERAS)))], weave=None),
        "dense": replace(
            base,
            flicker=flicker,
            film_height_mm=float(random.choice(_GAUGES[:3])),
            dirt=Dirt(
                per_frame=float(random.choice((60, 120, 250))),
                radius=0.008,
                flakes=random.uniform(0.2, 0.6),
                bright=random.uniform(0, 1),
            ),
            hairs=Hairs(per_frame=3.0),
        ),
        "light": replace(
            base,
            flicker=replace(flicker, gain=flicker.gain / 3),
            dirt=Dirt(per_frame=float(random.choice((1, 3, 8))), radius=0.006),
            hairs=Hairs(per_frame=0.5),
        ),
        "mixed": replace(
            base,
            flicker=flicker,
            local_flicker=LocalFlicker(random.uniform(0, 0.05)),
            dirt=Dirt(per_frame=10.0),
            hairs=Hairs(per_frame=2.0),
            blotches=Blotches(per_frame=1.2),
            abrasions=Abrasions(per_frame=0.2),
        ),
        "clean": replace(
            base,
            flicker=flicker if random.uniform() < 0.5 else None,
            grain=base.grain if random.uniform() < 0.7 else None,
        ),
        "abraded": replace(
            base,
            flicker=replace(flicker, gain=flicker.gain / 3),
            dirt=Dirt(per_frame=float(random.choice((0, 5, 30)))),
            abrasions=Abrasions(per_frame=float(random.choice((0.4, 0.8, 1.5)))),
        ),
        "soft": replace(
            grainless,
            flicker=flicker if random.uniform() < 0.5 else None,
            dirt=Dirt(per_frame=float(random.choice((5, 20, 60, 150)))),
            hairs=Hairs(per_frame=1.0),
            blotches=Blotches(per_frame=0.7),
            abrasions=Abrasions(per_frame=0.1),
        ),
        "specks": replace(
            grainless,
            dirt=Dirt(
                per_frame=float(random.choice((1, 3, 8))),
                radius=random.uniform(0.003, 0.008),
                bright=float(random.choice((0, 0.5))),
            ),
        ),
        "thrown": replace(grainless, dirt=Dirt(per_frame=float(random.choice((0, 0, 4))))),
        "running": replace(grainless, dirt=Dirt(per_frame=float(random.choice((0, 0, 4))))),
        "flying": replace(base, dirt=Dirt(per_frame=float(random.choice((0, 0, 4))))),
        "swinging": replace(base, dirt=Dirt(per_frame=float(random.choice((0, 0, 4))))),
    }
