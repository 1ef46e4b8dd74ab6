"""Batches of stills for the published nets: clean ones, damaged on the way, and real old ones."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.damage import Shapes
from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.training.source_paper_damage import damaged_still

Still = npt.NDArray[np.float32]
"""A picture (C, H, W) in [0, 1]; C = 3 is red, green, blue."""


@dataclass(frozen=True)
class CleanStills:
    """Crops of clean stills, and the same damaged, drawn by seed and step.

    A batch has, float32: `clean` and `damaged` (B, C, crop, crop) in [0, 1], and `mask` (B, 1, crop, crop), 1
    at marks, else 0. `shapes`: marks' true shapes; without, they are drawn by rule.
    """

    files: tuple[Path, ...]
    seed: int
    batch_size: int
    crop: int = 256
    channels: int = 3
    gray: float = 0.1
    """Share of colour crops that lose their colour."""
    shapes: Shapes | None = None

    def __post_init__(self) -> None:
        _check(self.files, self.crop, self.channels)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        random = np.random.default_rng([self.seed, step])
        items = [self._item(random) for _ in range(self.batch_size)]
        names = ("clean", "damaged", "mask")
        return {
            name: torch.from_numpy(np.stack(of_all))
            for name, of_all in zip(names, zip(*items, strict=True), strict=True)
        }

    def _item(self, random: np.random.Generator) -> tuple[Still, Still, Still]:
        clean = _crop(self.files, self.crop, self.channels, self.gray, random)
        return clean, *damaged_still(clean, random, self.shapes)


@dataclass(frozen=True)
class RealStills:
    """Crops of real old pictures, for which there is no truth: `real` float32 (B, C, crop, crop), [0, 1]."""

    files: tuple[Path, ...]
    seed: int
    batch_size: int
    crop: int = 256
    channels: int = 3
    gray: float = 0.1
    """Share of colour crops that lose their colour."""

    def __post_init__(self) -> None:
        _check(self.files, self.crop, self.channels)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        random = np.random.default_rng([self.seed, step])
        crops = [
            _crop(self.files, self.crop, self.channels, self.gray, random) for _ in range(self.batch_size)
        ]
        return {"real": torch.from_numpy(np.stack(crops))}


def read_still(path: Path, channels: int, random: np.random.Generator) -> Still:
    """Read a picture as float32 (channels, H, W) in [0, 1]: colour, or gray for one channel.

    Of an array of frames, `.npy` uint8 (T, H, W) or (T, H, W, 3), one is drawn. Raises ValueError where the
    file is neither.
    """
    pixels = (
        _drawn_frame(path, random) if path.suffix == ".npy" else cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    )
    if pixels is None:
        raise ValueError(f"{path} cannot be read as a picture. Remove it from the folder, or mend it.")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], channels, axis=2)
    elif channels == 1:
        pixels = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)[..., None]
    return np.asarray(pixels.transpose(2, 0, 1) / 255, dtype=np.float32, order="C")


def _drawn_frame(path: Path, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A frame (H, W) or (H, W, 3) of an array of them."""
    frames = np.load(path, mmap_mode="r")
    if frames.dtype != np.uint8 or frames.ndim not in (3, 4):
        raise ValueError(f"{path} is {frames.dtype} {frames.shape}; it must be uint8 (T, H, W[, 3]).")
    return np.asarray(frames[int(random.integers(len(frames)))])


def _crop(
    files: tuple[Path, ...], crop: int, channels: int, gray: float, random: np.random.Generator
) -> Still:
    """Draw a picture, and a crop of it, maybe mirrored, maybe without its colour."""
    picture = read_still(files[int(random.integers(len(files)))], channels, random)
    short = min(picture.shape[1:])
    if short < crop:
        # As the authors do: too small a picture is scaled up to the crop.
        size = tuple(max(crop, round(length * crop / short)) for length in picture.shape[1:])
        larger = cv2.resize(picture.transpose(1, 2, 0), size[::-1], interpolation=cv2.INTER_CUBIC)
        picture = larger.reshape(*size, channels).transpose(2, 0, 1).clip(0.0, 1.0)
    top, left = (int(random.integers(length - crop + 1)) for length in picture.shape[1:])
    picture = picture[:, top : top + crop, left : left + crop]
    if random.random() < 0.5:
        picture = picture[:, :, ::-1]
    if channels == 3 and random.random() < gray:
        luma = np.tensordot(np.array([0.299, 0.587, 0.114], np.float32), picture, axes=1)
        picture = np.broadcast_to(luma, picture.shape)
    return np.ascontiguousarray(picture, dtype=np.float32)


def _check(files: tuple[Path, ...], crop: int, channels: int) -> None:
    """Refuse what no batch can be made of."""
    if not files:
        raise ValueError("there are no pictures to train on. Name a folder that holds some.")
    if crop < 32 or crop % 4:
        raise ValueError(f"{crop = } must be a multiple of 4, 32 at least.")
    if channels not in (1, 3):
        raise ValueError(f"{channels = } must be 1 or 3.")
