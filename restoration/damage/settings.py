"""What befalls a clip: the settings of every kind of damage together."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

from reelfix.restoration.damage.abrasions import Abrasions
from reelfix.restoration.damage.blotches import Blotches
from reelfix.restoration.damage.cue_marks import CueMarks
from reelfix.restoration.damage.dirt import Dirt
from reelfix.restoration.damage.drop_outs import DropOuts
from reelfix.restoration.damage.dyes import DyeFading
from reelfix.restoration.damage.fading import Fading
from reelfix.restoration.damage.generations import Generations
from reelfix.restoration.damage.grain import Grain
from reelfix.restoration.damage.hairs import GateHairs, Hairs
from reelfix.restoration.damage.halation import Halation
from reelfix.restoration.damage.holes import Corners, Holes
from reelfix.restoration.damage.interlace import Interlace
from reelfix.restoration.damage.light import Uneven, Vignette
from reelfix.restoration.damage.low_resolution import LowResolution
from reelfix.restoration.damage.motion_blur import MotionBlur
from reelfix.restoration.damage.mould import Mould
from reelfix.restoration.damage.scratches import Scratches
from reelfix.restoration.damage.splices import Splices
from reelfix.restoration.damage.stains import Stains
from reelfix.restoration.damage.stock import StockGrain
from reelfix.restoration.damage.tape import Tape
from reelfix.restoration.damage.tint import Tint
from reelfix.restoration.damage.tone import Flicker, LocalFlicker
from reelfix.restoration.damage.weave import Weave


@dataclass(frozen=True)
class DamageSettings:
    """What befalls a clip, kind by kind; None leaves a kind out."""

    flicker: Flicker | None = field(default_factory=Flicker)
    grain: Grain | None = field(default_factory=Grain)
    dirt: Dirt | None = field(default_factory=Dirt)
    hairs: Hairs | None = field(default_factory=Hairs)
    scratches: Scratches | None = field(default_factory=Scratches)
    blur: float = 0.0
    """Standard deviation of a Gaussian blur, in pixels: the lens's."""
    local_flicker: LocalFlicker | None = None
    weave: Weave | None = None
    blotches: Blotches | None = None
    gate_hairs: GateHairs | None = None
    abrasions: Abrasions | None = None
    film_height_mm: float = 16.0
    """Height of the picture on the film, which gives true shapes their size: 18 in silent and 16 in sound
    35 mm film, 7.5 in 16 mm, 3.5 in 8 mm."""
    motion_blur: MotionBlur | None = None
    vignette: Vignette | None = None
    uneven: Uneven | None = None
    stock: StockGrain | None = None
    generations: Generations | None = None
    fading: Fading | None = None
    low_resolution: LowResolution | None = None
    halation: Halation | None = None
    tint: Tint | None = None
    dyes: DyeFading | None = None
    tape: Tape | None = None
    interlace: Interlace | None = None
    stains: Stains | None = None
    mould: Mould | None = None
    holes: Holes | None = None
    corners: Corners | None = None
    splices: Splices | None = None
    cue_marks: CueMarks | None = None
    drop_outs: DropOuts | None = None
    copied_marks: float = 0.0
    """Share of the dirt, and chance of each other kind of wear, that lay on the film before it was copied:
    it is as blurred, grainy, faded and coloured as the picture. The truth is what it was when it was laid."""


NOTHING = DamageSettings(None, None, None, None, None)
"""No damage at all; `dataclasses.replace` puts single kinds in."""

STRUCTURED = frozenset(
    {
        "dirt",
        "hairs",
        "scratches",
        "blotches",
        "gate_hairs",
        "abrasions",
        "stains",
        "mould",
        "holes",
        "corners",
        "splices",
        "cue_marks",
        "drop_outs",
    }
)
"""Fields of DamageSettings that lay marks which hide the picture."""

_BOTH = frozenset({"film_height_mm", "copied_marks"})


def structured_only(settings: DamageSettings) -> DamageSettings:
    """Return the settings with their marks alone: the same marks, on a picture that nothing else befell."""
    return replace(NOTHING, **_fields(settings, structured=True))


def unstructured_only(settings: DamageSettings) -> DamageSettings:
    """Return the settings without marks: what befalls the whole picture alone, the same as with them."""
    return replace(NOTHING, **_fields(settings, structured=False))


def _fields(settings: DamageSettings, *, structured: bool) -> dict[str, Any]:
    return {
        each.name: getattr(settings, each.name)
        for each in fields(DamageSettings)
        if each.name in _BOTH or (each.name in STRUCTURED) == structured
    }
