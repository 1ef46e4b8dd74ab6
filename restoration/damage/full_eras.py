"""All that films of an era may bear, and how often each kind is there."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from reelfix.restoration.damage.cue_marks import CueMarks
from reelfix.restoration.damage.drop_outs import DropOuts
from reelfix.restoration.damage.dyes import DyeFading
from reelfix.restoration.damage.eras import ERAS
from reelfix.restoration.damage.fading import Fading
from reelfix.restoration.damage.generations import Generations
from reelfix.restoration.damage.halation import Halation
from reelfix.restoration.damage.holes import Corners, Holes
from reelfix.restoration.damage.interlace import Interlace
from reelfix.restoration.damage.light import Uneven, Vignette
from reelfix.restoration.damage.low_resolution import LowResolution
from reelfix.restoration.damage.motion_blur import MotionBlur
from reelfix.restoration.damage.mould import Mould
from reelfix.restoration.damage.scratches import Scratches
from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.splices import Splices
from reelfix.restoration.damage.stains import Stains
from reelfix.restoration.damage.stock import StockGrain
from reelfix.restoration.damage.tape import Tape
from reelfix.restoration.damage.tint import TINTS


def _coloured(scratches: Scratches | None) -> Scratches | None:
    return scratches and replace(scratches, coloured=0.6)


FULL_ERAS: Mapping[str, DamageSettings] = MappingProxyType(
    {
        "1900s": replace(
            ERAS["1900s"],
            blur=0.8,
            motion_blur=MotionBlur(),
            vignette=Vignette(fall=0.4),
            uneven=Uneven(gain=0.12),
            stock=StockGrain("orthochromatic"),
            generations=Generations(2, blur=0.5, contrast=1.12, grain=0.010),
            fading=Fading(black=0.10, white=0.88),
            low_resolution=LowResolution(1.8),
            halation=Halation(strength=0.4, radius=0.018),
            tint=TINTS["amber"],
            stains=Stains(per_100_frames=25.0),
            mould=Mould(per_100_frames=15.0),
            holes=Holes(per_100_frames=12.0),
            corners=Corners(per_100_frames=12.0),
            splices=Splices(per_100_frames=12.0, jump=0.02),
            cue_marks=CueMarks(oval=0.1),
        ),
        "1920s": replace(
            ERAS["1920s"],
            blur=0.7,
            motion_blur=MotionBlur(),
            vignette=Vignette(fall=0.3, power=3.0),
            uneven=Uneven(gain=0.08),
            stock=StockGrain("orthochromatic", amount=0.8),
            generations=Generations(2, blur=0.45, contrast=1.12, grain=0.008),
            fading=Fading(black=0.08, white=0.9),
            low_resolution=LowResolution(1.8),
            halation=Halation(strength=0.35, radius=0.016),
            tint=TINTS["sepia"],
            stains=Stains(per_100_frames=22.0),
            mould=Mould(per_100_frames=15.0),
            holes=Holes(per_100_frames=10.0),
            corners=Corners(per_100_frames=10.0),
            splices=Splices(per_100_frames=12.0, jump=0.015),
            cue_marks=CueMarks(oval=0.1),
        ),
        "1940s": replace(
            ERAS["1940s"],
            blur=0.8,
            motion_blur=MotionBlur(length=0.004),
            vignette=Vignette(fall=0.25, power=3.0),
            uneven=Uneven(gain=0.06),
            stock=StockGrain("fast newsreel"),
            generations=Generations(3, blur=0.5, contrast=1.15, grain=0.008),
            fading=Fading(black=0.06, white=0.93),
            low_resolution=LowResolution(1.8),
            halation=Halation(strength=0.25),
            stains=Stains(per_100_frames=15.0, size=(0.05, 0.4)),
            mould=Mould(per_100_frames=10.0),
            holes=Holes(per_100_frames=6.0),
            corners=Corners(per_100_frames=6.0),
            splices=Splices(per_100_frames=15.0, line=(0.004, 0.016), band=(0.03, 0.11)),
            cue_marks=CueMarks(),
            tape=Tape(),
            drop_outs=DropOuts(),
            interlace=Interlace(),
        ),
        "1970s": replace(
            ERAS["1970s"],
            scratches=_coloured(ERAS["1970s"].scratches),
            blur=0.6,
            motion_blur=MotionBlur(length=0.003),
            vignette=Vignette(fall=0.2, power=3.0),
            uneven=Uneven(gain=0.04),
            stock=StockGrain("colour print"),
            generations=Generations(1, blur=0.4, contrast=1.1, grain=0.006),
            fading=Fading(black=0.06, white=0.94),
            low_resolution=LowResolution(1.6),
            halation=Halation(strength=0.25, radius=0.012),
            dyes=DyeFading(),
            stains=Stains(per_100_frames=10.0, size=(0.05, 0.3)),
            mould=Mould(per_100_frames=8.0),
            splices=Splices(per_100_frames=10.0, line=(0.004, 0.016), band=(0.03, 0.11)),
            cue_marks=CueMarks(oval=0.6),
            tape=Tape(),
            drop_outs=DropOuts(),
            interlace=Interlace(),
        ),
        "amateur 8 mm": replace(
            ERAS["amateur 8 mm"],
            scratches=_coloured(ERAS["amateur 8 mm"].scratches),
            blur=1.1,
            motion_blur=MotionBlur(length=0.006, unrest=0.003),
            vignette=Vignette(fall=0.45, power=2.5, offset=0.1),
            uneven=Uneven(gain=0.08),
            stock=StockGrain("reversal 8 mm"),
            generations=Generations(1, blur=0.6, contrast=1.15, grain=0.010),
            fading=Fading(black=0.08, white=0.92),
            low_resolution=LowResolution(2.0),
            halation=Halation(strength=0.3, radius=0.02),
            dyes=DyeFading(cyan=0.25, magenta=0.12, yellow=0.35, stain=0.04),
            stains=Stains(per_100_frames=12.0),
            mould=Mould(per_100_frames=20.0, size=(0.02, 0.16)),
            splices=Splices(per_100_frames=15.0, jump=0.03, line=(0.006, 0.03), band=(0.05, 0.2)),
            tape=Tape(),
            drop_outs=DropOuts(),
            interlace=Interlace(),
        ),
        "light": replace(
            ERAS["light"],
            blur=0.4,
            vignette=Vignette(fall=0.12, power=3.0),
            uneven=Uneven(gain=0.03),
            stock=StockGrain("panchromatic", amount=0.6),
            generations=Generations(1, blur=0.35, contrast=1.06, grain=0.004),
            fading=Fading(black=0.04, white=0.96),
            halation=Halation(strength=0.15),
            stains=Stains(per_100_frames=5.0, size=(0.03, 0.2)),
            cue_marks=CueMarks(),
        ),
    }
)
"""ERAS with every later kind that such films may bear: as strong and as many as it is where it is there. No
film bears them all: `random_settings` puts each in as often as CHANCES says."""

CHANCES: Mapping[str, float] = MappingProxyType(
    {
        "flicker": 0.9,
        "dirt": 0.9,
        "hairs": 0.7,
        "scratches": 0.6,
        "blur": 0.75,
        "local_flicker": 0.6,
        "weave": 0.75,
        "blotches": 0.5,
        "gate_hairs": 0.25,
        "abrasions": 0.4,
        "motion_blur": 0.2,
        "vignette": 0.4,
        "uneven": 0.35,
        "grain": 0.9,
        "stock": 0.5,
        "generations": 0.35,
        "fading": 0.6,
        "low_resolution": 0.1,
        "halation": 0.3,
        "tint": 0.5,
        "dyes": 0.6,
        "stains": 0.25,
        "mould": 0.12,
        "holes": 0.08,
        "corners": 0.08,
        "splices": 0.08,
        "cue_marks": 0.04,
        "tape": 0.12,
        "drop_outs": 0.5,
        "interlace": 0.08,
        "copied_marks": 0.7,
    }
)
"""How often `random_settings` puts in each kind that an era has. Where `stock` is there, `grain`
is not; drop-outs are where tape is."""
