"""Batches for colour: grays as old film has them, the colours they had, and hints."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.colour.lab import lightness, rgb_to_lab
from reelfix.restoration.training.colour_hints import HintSettings, Planes, drawn_hints, turned_hues
from reelfix.restoration.training.recipe import Batch

Picture = npt.NDArray[np.float32]
"""R, G, B (H, W, 3), or gray (H, W), in [0, 1]."""

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_COLOURLESS: Final = 4 / 255  # mean difference of the channels up to which a picture is gray
_TRIES: Final = 8


@dataclass(frozen=True)
class ColourSource:
    """Square crops of colour pictures, drawn by seed and step, some mirrored, turned to old film's gray.

    A batch has, float32: `gray` (B, 1, crop, crop), L / 100; `ab` (B, 2, crop / 4, crop / 4), Lab units; and
    `hint_ab`, `hint_weight` (B, 2 | 1, crop / 4, crop / 4). Half the crops show the picture's whole height or
    width. Pictures without colour are passed over.
    """

    files: tuple[Path, ...]
    """Pictures, and arrays `.npy`, uint8 (T, H, W, 3) R, G, B: frames of films."""
    seed: int
    batch_size: int
    crop: int = 192
    films: float = 0.06
    """Share of the crops that are of films, where there are any."""
    worn: float = 0.7
    """Share of the crops whose gray is changed: tones, an emulsion's own weights, grain, blur, vignetting."""
    closest: float = 0.4
    """Share of the shorter side that the closest crops show."""
    patched: float = 0.0
    """Share of the crops that have a rectangle of the next one in the batch: what is beside a thing says less
    of its colour. CutMix: Yun et al. (ICCV 2019)."""
    hints: HintSettings = field(default_factory=HintSettings)

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("there are no pictures to learn colours from. Name colour pictures or films.")

    @cached_property
    def _parts(self) -> tuple[list[Path], list[Path]]:
        """Pictures, and films."""
        films = [file for file in self.files if file.suffix == ".npy"]
        return [file for file in self.files if file.suffix != ".npy"], films

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        random = np.random.default_rng([self.seed, step])
        grays: list[Picture] = []
        colours: list[Picture] = []
        for _ in range(self.batch_size):
            picture = self._picture(random)
            grays.append(worn_gray(picture, random) if random.random() < self.worn else picture @ _LUMA)
            size = (self.crop // 4, self.crop // 4)
            small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
            colours.append(small.transpose(2, 0, 1))
        if self.patched > 0:
            self._patch(grays, colours, random)
        items = [
            self._hinted(planes, random)
            for planes in rgb_to_lab(torch.from_numpy(np.stack(colours)))[:, 1:].numpy()
        ]
        ab, told, weight = (torch.from_numpy(np.stack(planes)) for planes in zip(*items, strict=True))
        gray = lightness(torch.from_numpy(np.stack(grays))[:, None]) / 100
        return {"gray": gray, "ab": ab, "hint_ab": told, "hint_weight": weight}

    def _patch(self, grays: list[Picture], colours: list[Picture], random: np.random.Generator) -> None:
        """Give some crops a rectangle of the next one, gray and colours alike."""
        cells = self.crop // 4
        whole = [(gray.copy(), colour.copy()) for gray, colour in zip(grays, colours, strict=True)]
        for number in range(len(whole)):
            if random.random() >= self.patched:
                continue
            gray, colour = whole[number - 1]
            top, bottom = sorted(random.integers(cells + 1, size=2).tolist())
            left, right = sorted(random.integers(cells + 1, size=2).tolist())
            colours[number][:, top:bottom, left:right] = colour[:, top:bottom, left:right]
            place = slice(4 * top, 4 * bottom), slice(4 * left, 4 * right)
            grays[number][place] = gray[place]

    def _hinted(self, ab: Planes, random: np.random.Generator) -> tuple[Planes, Planes, Planes]:
        told, weight = drawn_hints(ab, self.hints, random)
        return *turned_hues(ab, told, weight, self.hints, random), weight

    def _picture(self, random: np.random.Generator) -> Picture:
        """Draw a crop (crop, crop, 3) of a picture that has colour."""
        pictures, films = self._parts
        for _ in range(_TRIES):
            files = films if films and (not pictures or random.random() < self.films) else pictures
            whole = read_colour(files[int(random.integers(len(files)))], random)
            if _has_colour(whole):
                break
        return _cropped(whole, self.crop, self.closest, random)


def read_colour(file: Path, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Read a picture, or one frame of an array, as uint8 (H, W, 3) R, G, B.

    Raises ValueError for what cannot be read.
    """
    if file.suffix == ".npy":
        frames = np.load(file, mmap_mode="r")
        return np.asarray(frames[int(random.integers(len(frames)))])
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise ValueError(f"{file} cannot be read as a picture. Save it again as PNG, or leave it out.")
    return np.asarray(picture, np.uint8)


def _has_colour(picture: npt.NDArray[np.uint8]) -> bool:
    few = picture[::4, ::4].astype(np.float32) / 255
    return bool((few.max(axis=2) - few.min(axis=2)).mean() > _COLOURLESS)


def _cropped(whole: npt.NDArray[np.uint8], crop: int, closest: float, random: np.random.Generator) -> Picture:
    """A window of `closest` to 1 of the shorter side, somewhat stretched, brought to (crop, crop, 3)."""
    height, width = whole.shape[:2]
    shorter = min(height, width)
    share = 1.0 if random.random() < 0.5 else random.uniform(closest, 1.0)
    stretch = float(np.exp(random.uniform(-0.2, 0.2)))
    tall = min(height, max(round(shorter * share * min(stretch, 1.0)), 8))
    wide = min(width, max(round(shorter * share / max(stretch, 1.0)), 8))
    top, left = int(random.integers(height - tall + 1)), int(random.integers(width - wide + 1))
    window = whole[top : top + tall, left : left + wide]
    if random.random() < 0.5:
        window = window[:, ::-1]
    way = cv2.INTER_AREA if min(tall, wide) > crop else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(window, (crop, crop), interpolation=way), np.float32) * np.float32(1 / 255)


def worn_gray(picture: Picture, random: np.random.Generator) -> Picture:
    """Turn R, G, B to gray as an old film might have it: (H, W) in [0, 1].

    Emulsions that see less red and more blue than the eye, other gammas and ranges, blur, grain, vignetting;
    each of them some of the time.
    """
    weights = _LUMA.copy()
    if random.random() < 0.4:
        weights *= np.array([random.uniform(0.15, 1), 1, random.uniform(1, 3)], np.float32)
    gray = picture @ (weights / weights.sum())
    if random.random() < 0.3:
        gray = cv2.GaussianBlur(gray, (0, 0), random.uniform(0.4, 1.6))
    if random.random() < 0.5:
        gray = np.clip(gray, 0, 1) ** np.exp(0.3 * random.standard_normal())
    if random.random() < 0.4:
        black, white = random.uniform(-0.08, 0.15), random.uniform(0.8, 1.1)
        gray = black + (white - black) * gray
    if random.random() < 0.2:
        gray = gray * _vignette(gray.shape, random.uniform(0.1, 0.4))
    if random.random() < 0.4:
        noise = random.standard_normal(gray.shape, dtype=np.float32)
        if random.random() < 0.5:
            noise = 2 * cv2.GaussianBlur(noise, (0, 0), 0.8)
        gray = gray + random.uniform(0.005, 0.05) * noise
    return np.asarray(np.clip(gray, 0, 1), np.float32)


def _vignette(size: tuple[int, ...], depth: float) -> Picture:
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in size)
    return np.asarray(1 - depth * (rows[:, None] ** 2 + columns**2) / 2, np.float32)
