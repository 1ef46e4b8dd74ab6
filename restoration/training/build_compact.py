"""How `triplet-compact` is trained: settings of its three runs, and what is built from them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import Field

from reelfix.restoration.training.configuration import Build, Configuration, Materials, RunSettings
from reelfix.restoration.training.errors import TrainingDataError
from reelfix.restoration.training.export import load_into, read_weights
from reelfix.restoration.training.prepared import Part
from reelfix.restoration.training.recipe import Source
from reelfix.restoration.training.recipe_compact import CompactDomainA, CompactDomainB, DomainWeights
from reelfix.restoration.training.recipe_compact_mapping import CompactMapping, MappingWeights
from reelfix.restoration.training.settings import Settings
from reelfix.restoration.training.source_prepared import PreparedSource
from reelfix.restoration.training.source_real import JoinedSource, RealSource
from reelfix.restoration.training.source_turns import TurnsSource
from reelfix.restoration.triplet.compact import CompactShape

States = Mapping[str, Mapping[str, torch.Tensor]]

_VALIDATION_BATCH = 4


class DomainRecipe(Settings):
    """Of a domain's autoencoder."""

    rate: float = Field(default=3e-4, gt=0.0)
    shape: CompactShape = CompactShape()
    loss: DomainWeights = DomainWeights()


class MappingRecipe(Settings):
    """Of the mapping."""

    rate: float = Field(default=8e-4, gt=0.0)
    shape: CompactShape = CompactShape()
    loss: MappingWeights = MappingWeights()


class CropSettings(Settings):
    """Of the batches; see `PreparedSource`."""

    batch_size: int = Field(default=4, ge=2)
    real_batch_size: int = Field(default=4, ge=1)
    """Crops of real film, where there are any."""
    crop: int = Field(default=128, ge=32, multiple_of=16)
    validation_crop: int = Field(default=192, ge=32, multiple_of=16)
    holes: float = Field(default=0.25, ge=0.0, le=1.0)
    faded: float = Field(default=0.3, ge=0.0, le=1.0)
    alone: float = Field(default=0.15, ge=0.0, le=1.0)


class DomainRun(RunSettings):
    """A domain's run."""

    recipe: DomainRecipe = DomainRecipe()
    source: CropSettings = CropSettings()


class MappingRun(RunSettings):
    """The mapping's run."""

    recipe: MappingRecipe = MappingRecipe()
    source: CropSettings = CropSettings()


def _build_domain_a(settings: DomainRun, materials: Materials) -> Build:
    recipe = CompactDomainA(
        _validation(settings, materials),
        settings.recipe.shape,
        settings.recipe.loss,
        rate=settings.recipe.rate,
    )
    if "start" in materials.weights:
        start = read_weights(materials.weights["start"])
        load_into(recipe.modules["encoder"], start, "encoder")
        # Domain B's decoder knows domain A's latents too: where A's own is not at hand, it begins as that.
        load_into(recipe.modules["decoder_a"], start, "decoder_a", "decoder")
    crops = settings.source
    real = RealSource(materials.real, settings.training.seed, crops.real_batch_size, crops.crop)
    return Build(recipe, JoinedSource((_synthetic(settings, materials), real)))


def _build_domain_b(settings: DomainRun, materials: Materials) -> Build:
    recipe = CompactDomainB(
        _validation(settings, materials),
        _states(materials, "domain_a", "encoder", "decoder_a"),
        settings.recipe.shape,
        settings.recipe.loss,
        rate=settings.recipe.rate,
    )
    if "start" in materials.weights:
        load_into(recipe.modules["decoder"], read_weights(materials.weights["start"]), "decoder")
    return Build(recipe, _synthetic(settings, materials))


def _build_mapping(settings: MappingRun, materials: Materials) -> Build:
    recipe = CompactMapping(
        _validation(settings, materials),
        _states(materials, "domain_a", "encoder"),
        _states(materials, "domain_b", "encoder_b", "decoder"),
        settings.recipe.shape,
        settings.recipe.loss,
        rate=settings.recipe.rate,
    )
    if "start" in materials.weights:
        load_into(recipe.modules["mapping"], read_weights(materials.weights["start"]), "mapping")
    return Build(recipe, _synthetic(settings, materials))


def _states(materials: Materials, name: str, *modules: str) -> States:
    """Read an earlier run's weights; raises TrainingDataError where one of `modules` is not among them."""
    path = materials.weights[name]
    states = read_weights(path)
    missing = [module for module in modules if module not in states]
    if missing:
        raise TrainingDataError(
            f"{path} has no weights of {', '.join(missing)}, but of {', '.join(states)}. Name the weights of "
            f"a run of {name.replace('_', '-')}."
        )
    return states


def _synthetic(settings: DomainRun | MappingRun, materials: Materials) -> Source:
    crops = settings.source
    return _source(materials, "train", settings.training.seed, crops.batch_size, crops.crop, crops)


def _validation(settings: DomainRun | MappingRun, materials: Materials) -> Source:
    """Return the batches that every run of these materials is measured on, whatever its seed."""
    return _source(
        materials, "validation", 1, _VALIDATION_BATCH, settings.source.validation_crop, settings.source
    )


def _source(
    materials: Materials, part: Part, seed: int, batch_size: int, crop: int, crops: CropSettings
) -> Source:
    def of(folder: Path) -> Source:
        shares = {"holes": crops.holes, "faded": crops.faded, "alone": crops.alone}
        return PreparedSource(folder, part, seed, batch_size, crop, **shares)

    return TurnsSource(tuple(of(folder) for folder in materials.prepared))


DOMAIN_A = Configuration(DomainRun, _build_domain_a, wants_prepared=True, wants_real=True)
DOMAIN_B = Configuration(DomainRun, _build_domain_b, wants_prepared=True, needs=("domain-a",))
MAPPING = Configuration(MappingRun, _build_mapping, wants_prepared=True, needs=("domain-a", "domain-b"))
