"""What measures here: the nets and models there are, and why others are left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.measures import OF_SETS
from reelfix.restoration.metrics.features import EfficientNetFeatures, Features, VggFeatures
from reelfix.restoration.metrics.naturalness import Pristine
from reelfix.restoration.metrics.structure_texture import Dists

if TYPE_CHECKING:
    from reelfix.restoration.metrics.perceptual import Lpips

WEIGHTS_VARIABLE = "REELFIX_WEIGHTS"
"""Environment variable that names the folder of the measures' weights."""
ALEXNET, VGG16 = "alexnet_features.safetensors", "vgg16_features.safetensors"

FeatureNet = Literal["efficientnet", "vgg16"]
_Judge = TypeVar("_Judge")


@dataclass(frozen=True)
class Judges:
    """All that measures."""

    measures: tuple[str, ...]
    """Those that were asked for and can be had."""
    notes: tuple[str, ...]
    """Why the others cannot, and what to do; and what the figures of some depend on."""
    lpips: Lpips | None = None
    dists: Dists | None = None
    pristine: Pristine | None = None
    features: Features | None = None

    def without(self, *measures: str) -> Judges:
        """Return the judges of all but these measures."""
        kept = tuple(name for name in self.measures if name not in measures)
        return Judges(kept, self.notes, self.lpips, self.dists, self.pristine, self.features)


def open_judges(
    wanted: Sequence[str],
    *,
    weights: Path | None = None,
    pristine: Path | None = None,
    features: FeatureNet = "efficientnet",
) -> Judges:
    """Load what the `wanted` measures need; what is not there is left out, with a note.

    `weights`: the folder with ALEXNET and VGG16, else the one of WEIGHTS_VARIABLE; `pristine`: NIQE's model,
    else the one shipped. Raises UsageError for a folder or a model that was named and is not there.
    """
    folder = _folder(weights)
    missing: dict[str, str] = {}

    def opened(names: Sequence[str], make: Callable[[], _Judge]) -> _Judge | None:
        asked = [name for name in names if name in wanted]
        if not asked:
            return None
        try:
            return make()
        except ModuleNotFoundError as error:
            reason = f"the package {error.name} is not here: pip install 'reelfix[evaluate]'"
        except (FileNotFoundError, ValueError) as error:
            reason = str(error)
        missing.update(dict.fromkeys(asked, reason))
        return None

    found = Judges(
        measures=(),
        notes=(),
        lpips=opened(("lpips",), lambda: _lpips(_weights(folder, ALEXNET))),
        dists=opened(("dists",), lambda: Dists(_weights(folder, VGG16))),
        pristine=opened(("niqe",), lambda: _pristine(pristine)),
        features=opened(OF_SETS, lambda: _features(features, folder)),
    )
    notes = [f"{name} is left out: {reason}" for name, reason in missing.items()]
    if found.pristine is not None:
        facts = ", ".join(f"{name} {value}" for name, value in found.pristine.about.items())
        notes.append(f"NIQE's pristine model: {facts}; not comparable with figures of other models")
    if found.features is not None:
        notes.append(f"features of the distances between sets: {found.features.name}")
    kept = tuple(name for name in wanted if name not in missing)
    return Judges(kept, tuple(notes), found.lpips, found.dists, found.pristine, found.features)


def _folder(weights: Path | None) -> Path | None:
    named = weights or (Path(value) if (value := os.environ.get(WEIGHTS_VARIABLE)) else None)
    if named is not None and not named.is_dir():
        raise UsageError(f"{named} is not a folder. Name the one with {ALEXNET} and {VGG16}.")
    return named


def _weights(folder: Path | None, name: str) -> Path:
    if folder is None:
        raise FileNotFoundError(
            f"no folder with {name} was named: give --weights FOLDER, or set {WEIGHTS_VARIABLE}"
        )
    return folder / name


def _lpips(path: Path) -> Lpips:
    from reelfix.restoration.metrics.perceptual import Lpips

    return Lpips(path)


def _pristine(path: Path | None) -> Pristine:
    if path is not None and not path.is_file():
        raise UsageError(f"{path} is not a file. Write one with `reelfix evaluate pristine`.")
    return Pristine.load(path)


def _features(net: FeatureNet, folder: Path | None) -> Features:
    return EfficientNetFeatures() if net == "efficientnet" else VggFeatures(_weights(folder, VGG16))
