"""Damage as films of an era bear it."""

from collections.abc import Mapping
from types import MappingProxyType

from reelfix.restoration.damage.abrasions import Abrasions
from reelfix.restoration.damage.blotches import Blotches
from reelfix.restoration.damage.dirt import Dirt
from reelfix.restoration.damage.grain import Grain
from reelfix.restoration.damage.hairs import GateHairs, Hairs
from reelfix.restoration.damage.scratches import Scratches
from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.tone import Flicker, LocalFlicker
from reelfix.restoration.damage.weave import Weave

ERAS: Mapping[str, DamageSettings] = MappingProxyType(
    {
        # Hand-cranked cameras (the exposure varies by a tenth and more from frame to frame), uneven
        # development by hand on racks, nitrate copies projected for years: dirt and rain everywhere.
        "1900s": DamageSettings(
            film_height_mm=18.0,
            flicker=Flicker(gain=0.12, gamma=0.06),
            local_flicker=LocalFlicker(gain=0.06),
            weave=Weave(deviation=(0.004, 0.003), degrees=0.05),
            grain=Grain(strength=0.020, size=0.6),
            dirt=Dirt(per_frame=30.0, radius=0.007, spread=0.7, flakes=0.35),
            hairs=Hairs(per_frame=0.6),
            blotches=Blotches(per_frame=0.5),
            abrasions=Abrasions(per_frame=0.2),
            scratches=Scratches(per_100_frames=14.0, opacity=(0.3, 0.9), tramlines=0.3),
            gate_hairs=GateHairs(per_100_frames=2.0),
        ),
        # Still cranked, steadier; worn prints, with scratches from the projector's gate.
        "1920s": DamageSettings(
            film_height_mm=18.0,
            flicker=Flicker(gain=0.08, gamma=0.04),
            local_flicker=LocalFlicker(gain=0.035),
            weave=Weave(deviation=(0.0025, 0.002)),
            grain=Grain(strength=0.016, size=0.55),
            dirt=Dirt(per_frame=20.0, flakes=0.3),
            hairs=Hairs(per_frame=0.45),
            blotches=Blotches(per_frame=0.25),
            abrasions=Abrasions(per_frame=0.1),
            scratches=Scratches(per_100_frames=10.0, opacity=(0.3, 0.85), tramlines=0.25),
            gate_hairs=GateHairs(per_100_frames=2.0),
        ),
        # Newsreels cut and copied in haste, kept as 16 mm prints: motor-driven, so little flicker; dust is
        # large on the small picture, and printed in white from a dirty negative.
        "1940s": DamageSettings(
            film_height_mm=7.5,
            flicker=Flicker(gain=0.03, gamma=0.015),
            local_flicker=LocalFlicker(gain=0.015),
            weave=Weave(deviation=(0.0015, 0.001)),
            grain=Grain(strength=0.020, size=0.65),
            dirt=Dirt(per_frame=12.0, radius=0.006, bright=0.65),
            hairs=Hairs(per_frame=0.4),
            blotches=Blotches(per_frame=0.08, size=(0.03, 0.1)),
            abrasions=Abrasions(per_frame=0.08),
            scratches=Scratches(per_100_frames=12.0, tramlines=0.3),
            gate_hairs=GateHairs(per_100_frames=3.0),
        ),
        # 16 mm colour reversal and its prints: fine grain, few but plain marks, green and white scratches.
        "1970s": DamageSettings(
            film_height_mm=7.5,
            flicker=Flicker(gain=0.015, gamma=0.01),
            weave=Weave(deviation=(0.001, 0.001)),
            grain=Grain(strength=0.014, size=0.6),
            dirt=Dirt(per_frame=7.0, radius=0.0055, bright=0.35),
            hairs=Hairs(per_frame=0.3),
            blotches=Blotches(per_frame=0.03, size=(0.03, 0.08)),
            scratches=Scratches(per_100_frames=7.0, tramlines=0.2, bright=0.5),
            gate_hairs=GateHairs(per_100_frames=3.0),
        ),
        # 8 mm from the attic: a picture 3.5 mm high, so dust and hairs are huge and the grain is coarse;
        # spring motors, and hairs that stay in the gate for the whole reel.
        "amateur 8 mm": DamageSettings(
            film_height_mm=3.5,
            flicker=Flicker(gain=0.04, gamma=0.02),
            local_flicker=LocalFlicker(gain=0.02),
            weave=Weave(deviation=(0.003, 0.003), degrees=0.05),
            grain=Grain(strength=0.028, size=0.8),
            dirt=Dirt(per_frame=6.0, radius=0.008, bright=0.4),
            hairs=Hairs(per_frame=0.6, width=(1.2, 2.5)),
            blotches=Blotches(per_frame=0.1, size=(0.03, 0.12)),
            abrasions=Abrasions(per_frame=0.05),
            scratches=Scratches(per_100_frames=8.0, width=(1.2, 3.0), tramlines=0.2),
            gate_hairs=GateHairs(per_100_frames=6.0, width=(1.5, 4.0)),
        ),
        # A good print of any age, well kept: what must be left alone is most of the picture.
        "light": DamageSettings(
            film_height_mm=16.0,
            flicker=Flicker(gain=0.02, gamma=0.01),
            grain=Grain(strength=0.010, size=0.55),
            dirt=Dirt(per_frame=3.0, radius=0.005),
            hairs=Hairs(per_frame=0.1),
            scratches=Scratches(per_100_frames=3.0, opacity=(0.2, 0.5)),
        ),
    }
)
"""Settings by name. Sizes of dust, dirt and hairs follow from the gauge; counts and strengths are those that
give clips the look of scans of that time."""
