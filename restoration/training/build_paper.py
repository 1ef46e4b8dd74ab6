"""How `triplet-paper` is trained: settings of its three runs, and what is built from them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import Field

from reelfix.restoration.damage import Shapes, load_shapes
from reelfix.restoration.training.configuration import Build, Configuration, Materials, RunSettings
from reelfix.restoration.training.errors import TrainingError
from reelfix.restoration.training.export import load_into, read_weights
from reelfix.restoration.training.losses_perceptual import PerceptualLoss, vgg16_file
from reelfix.restoration.training.recipe import Source
from reelfix.restoration.training.recipe_paper import PaperDomainA, PaperDomainB
from reelfix.restoration.training.recipe_paper_mapping import PaperMapping
from reelfix.restoration.training.recipe_paper_settings import PaperDomainSettings, PaperMappingSettings
from reelfix.restoration.training.settings import Settings
from reelfix.restoration.training.source_paper import CleanStills, RealStills
from reelfix.restoration.training.source_real import JoinedSource

_VALIDATION_SEED = 1


class StillSettings(Settings):
    """Of the batches; see `CleanStills`."""

    batch_size: int = Field(default=4, ge=1)
    crop: int = Field(default=256, ge=32, multiple_of=4)
    gray: float = Field(default=0.1, ge=0.0, le=1.0)
    shapes: str = ""
    """Folder of true shapes of damage (stamps and outlines); empty: marks are drawn by rule."""


class DomainRun(RunSettings):
    """A domain's run."""

    recipe: PaperDomainSettings = PaperDomainSettings()
    source: StillSettings = StillSettings()


class MappingRun(RunSettings):
    """The mapping's run."""

    recipe: PaperMappingSettings = PaperMappingSettings()
    source: StillSettings = StillSettings()


def _build_domain_a(settings: DomainRun, materials: Materials) -> Build:
    shapes = _shapes(settings.source)
    validation = _clean(settings, materials.validation, _VALIDATION_SEED, shapes)
    recipe = PaperDomainA(validation, settings.recipe, _perceptual(materials))
    files = tuple(path for folder in materials.real for path in sorted(folder.glob("*.npy")))
    source, channels = settings.source, settings.recipe.vae.channels
    real = RealStills(
        files, settings.training.seed, source.batch_size, source.crop, channels=channels, gray=source.gray
    )
    clean = _clean(settings, materials.train, settings.training.seed, shapes)
    return _built(recipe, JoinedSource((clean, real)), materials)


def _build_domain_b(settings: DomainRun, materials: Materials) -> Build:
    shapes = _shapes(settings.source)
    validation = _clean(settings, materials.validation, _VALIDATION_SEED, shapes)
    recipe = PaperDomainB(validation, settings.recipe, _perceptual(materials))
    return _built(recipe, _clean(settings, materials.train, settings.training.seed, shapes), materials)


def _build_mapping(settings: MappingRun, materials: Materials) -> Build:
    shapes = _shapes(settings.source)
    recipe = PaperMapping(
        _clean(settings, materials.validation, _VALIDATION_SEED, shapes),
        _states(materials, "domain_a", "encoder"),
        _states(materials, "domain_b", "encoder_b", "generator"),
        settings.recipe,
        _perceptual(materials),
    )
    if "start" in materials.weights:
        load_into(recipe.modules["mapping"], read_weights(materials.weights["start"]), "mapping")
    source = _clean(settings, materials.train, settings.training.seed, shapes)
    return Build(recipe, source, recipe.notices)


def _built(recipe: PaperDomainA | PaperDomainB, source: Source, materials: Materials) -> Build:
    """A domain's run, begun from earlier weights where those are given."""
    if "start" in materials.weights:
        start = read_weights(materials.weights["start"])
        for name in recipe.shipped:
            load_into(recipe.modules[name], start, name, name.removesuffix("_a").removesuffix("_b"))
    return Build(recipe, source, recipe.notices)


def _clean(
    settings: DomainRun | MappingRun, files: tuple[Path, ...], seed: int, shapes: Shapes | None
) -> CleanStills:
    source = settings.source
    return CleanStills(
        files,
        seed,
        source.batch_size,
        source.crop,
        channels=settings.recipe.vae.channels,
        gray=source.gray,
        shapes=shapes,
    )


def _shapes(source: StillSettings) -> Shapes | None:
    return load_shapes(Path(source.shapes), part="tune") if source.shapes else None


def _perceptual(materials: Materials) -> PerceptualLoss | None:
    file = vgg16_file(materials.weights.get("vgg16"))
    return None if file is None else PerceptualLoss(file)


def _states(materials: Materials, name: str, *modules: str) -> Mapping[str, Mapping[str, torch.Tensor]]:
    """Read the weights of an earlier run; raises TrainingError where one of `modules` is not among them."""
    path = materials.weights[name]
    states = read_weights(path)
    if missing := [module for module in modules if module not in states]:
        raise TrainingError(
            f"{path} has no weights of {', '.join(missing)}, but of {', '.join(states)}. Name the weights of "
            f"a run of {name.replace('_', '-')} for this model."
        )
    return states


DOMAIN_A = Configuration(DomainRun, _build_domain_a, wants_real=True, channels=3)
DOMAIN_B = Configuration(DomainRun, _build_domain_b, channels=3)
MAPPING = Configuration(MappingRun, _build_mapping, channels=3, needs=("domain-a", "domain-b"))
