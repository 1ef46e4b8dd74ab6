"""The detector's configuration: what `detect` is trained from."""

from pydantic import Field

from reelfix.restoration.training.configuration import Build, Configuration, Materials, RunSettings
from reelfix.restoration.training.recipe_detect import Detect, DetectWeights
from reelfix.restoration.training.settings import Settings
from reelfix.restoration.training.source_detect import DetectSource


class DetectSourceSettings(Settings):
    """What batches are made of."""

    batch_size: int = Field(default=4, ge=1)
    height: int = Field(default=240, ge=64, multiple_of=2)
    width: int = Field(default=320, ge=64, multiple_of=2)
    hidden: float = Field(default=0.15, ge=0.0, le=1.0)
    """Share of the crops in which one plane of what was found without a net is kept back."""
    weaker: float = Field(default=0.15, ge=0.0, le=1.0)
    """Share of the crops that are asked for with less than full strength."""
    shares: tuple[float, ...] = ()
    """Of the batches that come from each folder of prepared clips; empty: all alike."""


class DetectRecipeSettings(Settings):
    """The net, and what it is asked for."""

    widths: tuple[int, ...] = (16, 48, 64, 96)
    """Channels at half the picture's size, a quarter, and on."""
    depths: tuple[int, ...] = (1, 2, 2, 2)
    """Blocks there."""
    rate: float = Field(default=1e-3, gt=0.0)
    gamma: float = Field(default=1.5, ge=0.0)
    """Exponent of the focal loss."""
    overlap: float = Field(default=0.3, ge=0.0)
    """Weight of the Dice loss."""


class DetectSettings(RunSettings):
    """Settings of a run of the detector."""

    source: DetectSourceSettings = DetectSourceSettings()
    recipe: DetectRecipeSettings = DetectRecipeSettings()


def build(settings: DetectSettings, materials: Materials) -> Build:
    """Make recipe and source; the first folder of prepared clips has those that are measured on."""
    asked = settings.source
    shares = asked.shares or (1.0,) * len(materials.prepared)
    if len(shares) != len(materials.prepared):
        raise ValueError(f"{shares = } must be one for each of {len(materials.prepared)} prepared folders.")
    seed, size = settings.training.seed, (asked.height, asked.width)
    source = DetectSource(
        materials.prepared, shares, "train", seed, asked.batch_size, *size, asked.hidden, asked.weaker
    )
    validation = DetectSource(materials.prepared[:1], (1.0,), "validation", seed, asked.batch_size, *size)
    recipe = settings.recipe
    return Build(
        Detect(
            validation,
            DetectWeights(recipe.gamma, recipe.overlap),
            widths=recipe.widths,
            depths=recipe.depths,
            rate=recipe.rate,
        ),
        source,
    )


DETECT = Configuration(settings_type=DetectSettings, build=build, wants_prepared=True)
