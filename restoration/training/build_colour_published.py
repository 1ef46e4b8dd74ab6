"""The configurations of `colour-eccv16` and `colour-siggraph17`, made anew with our bins."""

from pydantic import Field

from reelfix.restoration.colour.bins import BINS
from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.siggraph17 import Siggraph17, SiggraphShape
from reelfix.restoration.training.build_colour import ColourSourceSettings, measured_of, prior_of
from reelfix.restoration.training.configuration import Build, Configuration, Materials, RunSettings
from reelfix.restoration.training.export import load_into, read_weights
from reelfix.restoration.training.recipe_colour_published import ColorizePublished, PublishedColourWeights
from reelfix.restoration.training.settings import Settings


class PublishedRecipeSettings(Settings):
    """The net, and what it is asked for; see `ColorizePublished`."""

    width: int = Field(default=64, ge=1)
    """Channels of conv1; 64 in the papers."""
    statistics: bool = False
    """Whether siggraph17 has the branch that is told of the whole picture's colours."""
    loss: PublishedColourWeights = PublishedColourWeights()
    rate: float = Field(default=3e-5, gt=0.0)
    decay: float = Field(default=1e-3, ge=0.0)


class PublishedColourSettings(RunSettings):
    """Settings of a run of `colorize` for one of these nets."""

    source: ColourSourceSettings = ColourSourceSettings()
    recipe: PublishedRecipeSettings = PublishedRecipeSettings()


def build_eccv16(settings: PublishedColourSettings, materials: Materials) -> Build:
    """Make recipe and source of the automatic net."""
    return _build(Eccv16(settings.recipe.width), settings, materials)


def build_siggraph17(settings: PublishedColourSettings, materials: Materials) -> Build:
    """Make recipe and source of the net with hints."""
    shape = SiggraphShape(settings.recipe.width, BINS, settings.recipe.statistics)
    return _build(Siggraph17(shape), settings, materials)


def _build(net: Eccv16 | Siggraph17, settings: PublishedColourSettings, materials: Materials) -> Build:
    recipe = settings.recipe
    if "start" in materials.weights:
        load_into(net, read_weights(materials.weights["start"]), "net")
    source = settings.source.source(materials.train, settings.training.seed)
    validation, prior = measured_of(materials.validation), prior_of(materials.train)
    made = ColorizePublished(net, validation, prior, recipe.loss, rate=recipe.rate, decay=recipe.decay)
    return Build(made, source)


ECCV16 = Configuration(settings_type=PublishedColourSettings, build=build_eccv16, channels=3)
SIGGRAPH17 = Configuration(settings_type=PublishedColourSettings, build=build_siggraph17, channels=3)
