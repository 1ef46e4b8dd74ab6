"""What can be trained, as `reelfix train` sees it: from settings and materials to a recipe and its source.

How to add one: a subclass of `RunSettings` with sections of its own, a function that builds from it, both in
a `Configuration` at the top level of a module `build_<model>.py`, its line in `registry.py`, and a file of
settings `configs/train/<task>-<name>.toml` that names the model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import Field

from reelfix.restoration.training.recipe import Recipe, Source
from reelfix.restoration.training.settings import Settings, TrainingSettings

TASKS = ("domain-a", "domain-b", "mapping", "detect", "colorize")
"""In the order in which they build on each other."""


class DataSettings(Settings):
    """What is made of the folders named."""

    validation_share: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Share of the files, by the CRC-32 of their names, that is measured on and never learned from. Where
    folders that are named have one called `validation`, it is the files in there instead."""
    frames_per_film: int = Field(default=300, ge=1)
    """Frames taken of each video or reel, evenly spread over it."""


class WeightFiles(Settings):
    """Weights that a run builds on: paths of safetensors, or names of those that reelfix ships."""

    domain_a: str = ""
    """Empty: those of the run `domain-a` beside this one."""
    domain_b: str = ""
    """Empty: those of the run `domain-b` beside this one."""
    start: str = ""
    """What the run's own nets begin as; empty: at random."""
    vgg16: str = ""
    """Of the perceptual loss."""


class RunSettings(Settings):
    """Settings of a run; every configuration adds sections of its own, as a subclass."""

    training: TrainingSettings = TrainingSettings()
    data: DataSettings = DataSettings()
    weights: WeightFiles = WeightFiles()


@dataclass(frozen=True)
class Materials:
    """What a run is made from."""

    prepared: tuple[Path, ...]
    """Folders of prepared clips (`prepared.py`), where those are asked for."""
    train: tuple[Path, ...]
    """Else: files to learn from: pictures (PNG, JPEG, TIFF) and arrays `.npy` uint8 (T, H, W[, 3])."""
    validation: tuple[Path, ...]
    """Files to measure on, likewise."""
    real: tuple[Path, ...]
    """Folders of arrays `.npy`, uint8 (T, H, W), or (T, H, W, 3) R, G, B where the configuration asks for 3
    channels: frames of real damaged film."""
    weights: Mapping[str, Path]
    """By `domain_a`, `domain_b`, `start`, `vgg16`: those that are there."""
    device: torch.device


@dataclass(frozen=True)
class Build:
    """A run, ready for the trainer."""

    recipe: Recipe
    source: Source
    notices: tuple[str, ...] = ()
    """What the user should know of it beforehand."""


@dataclass(frozen=True)
class Configuration:
    """A model's way of being trained for a task."""

    settings_type: type[RunSettings]
    build: Callable[[Any, Materials], Build]
    """Takes settings of `settings_type`; draws weights from torch's global generator, which was seeded."""
    wants_prepared: bool = False
    """Whether it learns from prepared clips; else from pictures and films as they are."""
    wants_real: bool = False
    """Whether it must have real damaged film."""
    channels: int = 1
    """Of the arrays made of films: 1 gray, 3 colour."""
    needs: tuple[str, ...] = ()
    """Tasks whose weights it builds on."""
