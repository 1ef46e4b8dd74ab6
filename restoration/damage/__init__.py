"""Film damage, synthesised: a clean clip goes in, the damaged one comes out, with the truth of what was done.

    shapes = load_shapes(Path("data/damage"), part="tune")
    damaged = damage_clip(clip, ERAS["1920s"], np.random.default_rng(1), shapes)
    damaged.frames, damaged.mask, damaged.kinds["dirt"], damaged.gains, damaged.field, damaged.shifts
    damaged.parameters["fading.black"], damaged.light

`clip` and `frames`: float32 (T, C, H, W) in [0, 1]; `mask`: uint8 (T, 2, H, W), marks of one frame and of
many; `kinds`: bool (T, H, W) for each kind of mark that there is. Single kinds:
`replace(NOTHING, dirt=Dirt(per_frame=20))`. Without shapes, marks are drawn by rule.

For training, crops as parts of whole pictures, a function of their seeds:

    batch = damage_batch(crops, seeds, shapes, versions=("unmarked", "toned"))
    batch.frames, batch.mask, batch.versions["toned"], batch.parameter("fading.black")

ERAS are the settings that figures elsewhere hang on; FULL_ERAS have the later kinds too, and
`random_settings` draws from them. `structured_only` keeps the marks, `unstructured_only` all else.

Order of events, as on film: the lens and motion blur, highlights glow, the picture weaves in the gate, the
exposure flickers and falls unevenly, the emulsion's grain is laid down; some marks come upon it and are
copied with it; copies soften, harden and add grain, prints fade, dyes and tints colour; then come hairs in
the gate, scratches, blotches, stains, mould, dirt, hairs, splices, cue marks and holes; then what a transfer
to video does. A kind of damage is a settings class and one function, in a module of its own. What it does to
pixels goes through `Operators`: OpenCV on the host, torch wherever the clip lies.
"""

from reelfix.restoration.damage.abrasions import Abrasions
from reelfix.restoration.damage.batch import DamagedBatch, damage_batch
from reelfix.restoration.damage.blotches import Blotches
from reelfix.restoration.damage.clip import (
    VERSIONS,
    DamagedClip,
    damage_clip,
    evenly_exposed,
    steady_truth,
)
from reelfix.restoration.damage.cue_marks import CueMarks
from reelfix.restoration.damage.dirt import Dirt
from reelfix.restoration.damage.drop_outs import DropOuts
from reelfix.restoration.damage.dyes import DyeFading
from reelfix.restoration.damage.eras import ERAS
from reelfix.restoration.damage.fading import Fading
from reelfix.restoration.damage.full_eras import CHANCES, FULL_ERAS
from reelfix.restoration.damage.generations import Generations
from reelfix.restoration.damage.grain import Grain
from reelfix.restoration.damage.hairs import GateHairs, Hairs
from reelfix.restoration.damage.halation import Halation
from reelfix.restoration.damage.holes import Corners, Holes
from reelfix.restoration.damage.host_operators import HostOperators
from reelfix.restoration.damage.interlace import Interlace
from reelfix.restoration.damage.light import Uneven, Vignette
from reelfix.restoration.damage.low_resolution import LowResolution
from reelfix.restoration.damage.marks import DIRT, PLANES, SCRATCH, VISIBLE, Kind
from reelfix.restoration.damage.mixture import random_settings
from reelfix.restoration.damage.motion_blur import MotionBlur
from reelfix.restoration.damage.mould import Mould
from reelfix.restoration.damage.scratches import Scratches
from reelfix.restoration.damage.settings import (
    NOTHING,
    STRUCTURED,
    DamageSettings,
    structured_only,
    unstructured_only,
)
from reelfix.restoration.damage.shapes import Part, Shapes, load_shapes
from reelfix.restoration.damage.splices import Splices
from reelfix.restoration.damage.stains import Stains
from reelfix.restoration.damage.stock import STOCKS, StockGrain
from reelfix.restoration.damage.surface import Whole
from reelfix.restoration.damage.tape import Tape
from reelfix.restoration.damage.tensor_operators import TensorOperators
from reelfix.restoration.damage.tint import TINTS, Tint
from reelfix.restoration.damage.tone import Flicker, LocalFlicker
from reelfix.restoration.damage.weave import Weave

__all__ = [
    "CHANCES",
    "DIRT",
    "ERAS",
    "FULL_ERAS",
    "NOTHING",
    "PLANES",
    "SCRATCH",
    "STOCKS",
    "STRUCTURED",
    "TINTS",
    "VERSIONS",
    "VISIBLE",
    "Abrasions",
    "Blotches",
    "Corners",
    "CueMarks",
    "DamageSettings",
    "DamagedBatch",
    "DamagedClip",
    "Dirt",
    "DropOuts",
    "DyeFading",
    "Fading",
    "Flicker",
    "GateHairs",
    "Generations",
    "Grain",
    "Hairs",
    "Halation",
    "Holes",
    "HostOperators",
    "Interlace",
    "Kind",
    "LocalFlicker",
    "LowResolution",
    "MotionBlur",
    "Mould",
    "Part",
    "Scratches",
    "Shapes",
    "Splices",
    "Stains",
    "StockGrain",
    "Tape",
    "TensorOperators",
    "Tint",
    "Uneven",
    "Vignette",
    "Weave",
    "Whole",
    "damage_batch",
    "damage_clip",
    "evenly_exposed",
    "load_shapes",
    "random_settings",
    "steady_truth",
    "structured_only",
    "unstructured_only",
]
