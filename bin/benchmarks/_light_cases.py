"""Clips whose light is known: flicker put on, and real changes that are to stay."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.damage import (
    NOTHING,
    Dirt,
    Flicker,
    Grain,
    Hairs,
    LocalFlicker,
    Scratches,
    damage_clip,
)

Frames = npt.NDArray[np.float32]
"""(T, 1, H, W) in [0, 1]."""


@dataclass(frozen=True)
class LightCase:
    """A clip as it comes, and as it ought to be."""

    frames: torch.Tensor
    truth: torch.Tensor


def _flickering(gain: float = 0.0, local: float = 0.0, persistence: float = 0.25) -> "_Maker":
    """Gains held within `2 gain`, gammas within half that; over the picture, or from place to place."""
    settings = replace(
        NOTHING,
        flicker=Flicker(gain, gain / 2, persistence) if gain else None,
        local_flicker=LocalFlicker(local, persistence=persistence) if local else None,
    )

    def make(truth: Frames, seed: int) -> LightCase:
        clip = torch.from_numpy(truth)
        return LightCase(damage_clip(clip, settings, np.random.default_rng(seed)).frames, clip)

    return make


def _worn(truth: Frames, seed: int) -> Frames:
    """Dirt, hairs, scratches and grain, which deflickering is not to mend."""
    settings = replace(
        NOTHING, grain=Grain(0.02), dirt=Dirt(per_frame=20), hairs=Hairs(), scratches=Scratches()
    )
    worn: Frames = damage_clip(torch.from_numpy(truth), settings, np.random.default_rng(seed)).frames.numpy()
    return worn


def _kept(change: Callable[[Frames], Frames]) -> "_Maker":
    def make(truth: Frames, _: int) -> LightCase:
        clip = torch.from_numpy(np.ascontiguousarray(np.clip(change(truth), 0, 1), dtype=np.float32))
        return LightCase(clip, clip)

    return make


def lamp(frames: Frames, ramp: int = 1) -> Frames:
    """A lamp switched on halfway, over `ramp` frames, half as bright again; more on the left."""
    count, _, _, width = frames.shape
    lit = np.clip((np.arange(count) - count // 2 + 1) / ramp, 0, 1)
    side = np.linspace(1.3, 0.7, width)
    return np.asarray(0.6 * frames * (1 + 0.6 * lit[:, None, None, None] * side), dtype=np.float32)


def fade(frames: Frames) -> Frames:
    """Faded in over the first 20 frames, out over the last 20."""
    count = len(frames)
    share = np.clip(np.minimum(np.arange(count), count - 1 - np.arange(count)) / 20, 0, 1)
    return np.asarray(frames * share[:, None, None, None], dtype=np.float32)


def cloud(frames: Frames) -> Frames:
    """A shadow, a third darker and as wide as half the picture, that passes from left to right."""
    count, _, _, width = frames.shape
    centre = np.linspace(-0.4, 1.4, count)[:, None]
    shade = np.exp(-0.4 * np.exp(-np.square((np.linspace(0, 1, width) - centre) / 0.25)))
    return np.asarray(frames * shade[:, None, None, :], dtype=np.float32)


def explosion(frames: Frames) -> Frames:
    """Light that doubles from one frame to the next and dies away over some ten."""
    after = np.arange(len(frames)) - len(frames) // 2
    light = np.where(after >= 0, np.exp(-np.maximum(after, 0) / 5), 0)
    return np.asarray(0.5 * frames * (1 + light[:, None, None, None]), dtype=np.float32)


def crossing(frames: Frames) -> Frames:
    """A bright disc, a third of the height, that crosses the picture."""
    made = frames.copy()
    count, _, height, width = frames.shape
    for t, frame in enumerate(made):
        cv2.circle(frame[0], (round(width * (1.4 * t / count - 0.2)), height // 2), height // 6, 0.9, -1)
    return made


def train(frames: Frames) -> Frames:
    """Bright and dark carriages that fill three quarters of the picture and run fast."""
    made = frames.copy()
    _, _, height, width = frames.shape
    random = np.random.default_rng(3)
    carriage = np.kron(random.uniform(0.1, 0.85, (6, 90)), np.ones((height // 8, width // 10)))
    for t, frame in enumerate(made):
        left = t * width // 30
        frame[0, height // 4 : height // 4 + len(carriage)] = carriage[:, left : left + width]
    return made


def confetti(frames: Frames) -> Frames:
    """Hundreds of bright and dark scraps that fall."""
    made = frames.copy()
    _, _, height, width = frames.shape
    random = np.random.default_rng(4)
    for x, y, speed, size, tone in zip(
        random.uniform(0, width, 300),
        random.uniform(0, height, 300),
        random.uniform(0.01, 0.04, 300),
        random.integers(2, 5, 300),
        random.choice([0.1, 0.5, 0.9], 300),
        strict=True,
    ):
        for t, frame in enumerate(made):
            place = (int(x + 4 * np.sin(t + x)), int((y + t * speed * height) % height))
            cv2.circle(frame[0], place, int(size), float(tone), -1)
    return made


_Maker = Callable[[Frames, int], LightCase]

FLICKER: Mapping[str, _Maker] = MappingProxyType(
    {
        "+-10 %": _flickering(0.05),
        "+-30 %": _flickering(0.15),
        "+-30 %, slow": _flickering(0.15, persistence=0.8),
        "local +-20 %": _flickering(local=0.10),
        "local +-20 %, slow": _flickering(local=0.10, persistence=0.8),
        "both": _flickering(0.15, 0.10),
        "both, worn": lambda truth, seed: _flickering(0.15, 0.10)(_worn(truth, seed), seed),
        "both, lamp": lambda truth, seed: _flickering(0.10, 0.05)(lamp(truth), seed),
    }
)
"""Flicker to be taken out."""

REAL: Mapping[str, _Maker] = MappingProxyType(
    {
        "nothing": _kept(lambda frames: frames),
        "worn": lambda truth, seed: _kept(lambda frames: _worn(frames, seed))(truth, seed),
        "lamp, 1 frame": _kept(lamp),
        "lamp, 4 frames": _kept(lambda frames: lamp(frames, 4)),
        "fade": _kept(fade),
        "cloud": _kept(cloud),
        "explosion": _kept(explosion),
        "crossing disc": _kept(crossing),
        "train": _kept(train),
        "confetti": _kept(confetti),
    }
)
"""Clips without flicker, to be left alone."""
