"""Shots with a known gate weave: clips rendered at twice the size, moved there, reduced, and then worn."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch

Camera = Literal["still", "pan", "its own"]
Curve = npt.NDArray[np.float64]
"""(T, 2): x and y in pixels."""

_MARGIN = 16
"""Pixels of picture beyond the frame on every side, for the weave to show."""
_PAN = 3.0
"""Pixels a frame, sideways, once the pan is under way."""


@dataclass(frozen=True)
class WeaveShot:
    """A shot before and after the film wove and wore."""

    clean: torch.Tensor
    """float32 (T, 1, H, W) in [0, 1]."""
    worn: torch.Tensor
    """The same with weave, flicker, dirt and grain."""
    weave: Curve


def weave_curve(frames: int, rms: float, random: np.random.Generator) -> Curve:
    """Half its power a noise that remembers 0.6 of itself, half four sines of 3 to 55 frames."""
    noise = np.zeros((frames, 2))
    value = random.normal(0, 1, 2)
    for t in range(frames):
        value = 0.6 * value + 0.8 * random.normal(0, 1, 2)
        noise[t] = value
    times = np.arange(frames)[:, None]
    sines = np.zeros((frames, 2))
    for period in (3.3, 7.1, 19.0, 55.0):
        phase = random.uniform(0, 2 * np.pi, 2)
        sines += np.sin(2 * np.pi * times / (period * random.uniform(0.9, 1.1, 2)) + phase)
    mixed = noise / noise.std(axis=0) + sines / sines.std(axis=0)
    mixed -= mixed.mean(axis=0)
    return np.asarray(rms * mixed / np.sqrt(np.square(mixed).mean(axis=0)))


def pan_curve(frames: int) -> Curve:
    """Rest, set out within 8 frames, pan (a little down as well), come to rest: as the picture moves."""
    times = np.arange(frames)
    speed = np.clip((times - 0.2 * frames) / 8, 0, 1) * np.clip((0.75 * frames - times) / 8, 0, 1)
    way = -np.cumsum(_PAN * speed)
    return np.stack([way, 0.15 * way], axis=1)


def read_pictures(path: Path, first: int, count: int) -> list[npt.NDArray[np.uint8]]:
    """Read `count` gray frames from frame `first` on."""
    capture = cv2.VideoCapture(str(path))
    pictures: list[npt.NDArray[np.uint8]] = []
    for number in range(first + count):
        is_there, frame = capture.read()
        if not is_there:
            break
        if number >= first:
            pictures.append(np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), dtype=np.uint8))
    return pictures


def make_shot(
    pictures: list[npt.NDArray[np.uint8]], camera: Camera, rms: float, width: int, seed: int
) -> WeaveShot:
    """Render a shot `width` across; a camera's pan goes over the clip as over a large picture."""
    random = np.random.default_rng(seed)
    weave = weave_curve(len(pictures), rms, random)
    path = pan_curve(len(pictures)) if camera == "pan" else np.zeros_like(weave)
    clean = torch.from_numpy(np.stack(list(_rendered(pictures, path, path, width))))[:, None]
    moved = _rendered(pictures, path, path + weave, width)
    worn = torch.from_numpy(np.stack([_worn(frame, random) for frame in moved]))[:, None]
    return WeaveShot(clean, worn, weave)


def _rendered(
    pictures: list[npt.NDArray[np.uint8]], path: Curve, way: Curve, width: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the clip as it moves along `way`, on a ground large enough for all of `path`."""
    rows, columns = pictures[0].shape
    across, down = (int(np.ceil(np.ptp(path[:, axis]))) for axis in (0, 1))
    size = 2 * (width + 2 * _MARGIN + across) / columns
    height = int((rows * size / 2 - 2 * _MARGIN - down) // 2 * 2)
    for picture, (x, y) in zip(pictures, way, strict=True):
        # Twice as large, every fraction of a pixel is filtered nearly alike: it leaves no trace of its own.
        origin = [2 * (value - _MARGIN) + 0.5 * (size - 1) for value in (x, y)]
        matrix = np.array([[size, 0, origin[0]], [0, size, origin[1]]])
        flags = cv2.INTER_CUBIC
        large = cv2.warpAffine(
            picture.astype(np.float32) / 255, matrix, (2 * width, 2 * height), flags=flags,
            borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        yield np.asarray(cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA))


def _worn(frame: npt.NDArray[np.float32], random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Flicker of 30 %, uneven by half of that; dirt, black and white; grain."""
    height, width = frame.shape
    ramp = np.linspace(-1, 1, width, dtype=np.float32)
    worn: Any = (0.05 + 0.7 * frame) * (random.uniform(0.7, 1.3) + 0.15 * random.uniform(-1, 1) * ramp)
    for _ in range(25):
        centre = (int(random.integers(width)), int(random.integers(height)))
        axes = (int(random.integers(2, 9)), int(random.integers(2, 7)))
        tone = float(random.choice([0.03, 0.95]))
        cv2.ellipse(worn, centre, axes, float(random.uniform(0, 180)), 0, 360, tone, -1)
    worn = worn + 0.02 * random.standard_normal(worn.shape, dtype=np.float32)
    return np.asarray(np.clip(worn, 0, 1), dtype=np.float32)
