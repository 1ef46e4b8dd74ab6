"""Variety for prepared clips: an era's damage, seen closer or wider, more or less of it, on any print."""

from dataclasses import replace
from typing import Any

import numpy as np

from reelfix.restoration.damage import ERAS, DamageSettings, GateHairs, Grain, Weave


def varied_damage(random: np.random.Generator, height: int) -> tuple[str, DamageSettings]:
    """Draw an era and vary it, for clips that are a part of a picture: `height` lines of 288 to 1080.

    What is a fraction of the picture's height is so of the whole picture's. Counts vary by a factor of 2
    either way about what the part would have, and gate hairs are common: they are rare in short clips.
    """
    era = str(random.choice(list(ERAS)))
    settings = ERAS[era]
    share = height / random.uniform(max(288, height), 1080)
    changes: dict[str, Any] = {"film_height_mm": settings.film_height_mm * share}
    for kind in ("dirt", "hairs", "blotches", "abrasions"):
        if (marks := getattr(settings, kind)) is not None:
            per_frame = marks.per_frame * share * 2 ** random.uniform(-1, 1)
            changes[kind] = replace(marks, per_frame=per_frame)
    if settings.scratches is not None:
        count = settings.scratches.per_100_frames * 2 ** random.uniform(-0.5, 1.5)
        low = random.uniform(0.12, 0.35)
        opacity = (low, max(low + 0.1, settings.scratches.opacity[1]))
        changes["scratches"] = replace(settings.scratches, per_100_frames=count, opacity=opacity)
    hairs = settings.gate_hairs or GateHairs()
    changes["gate_hairs"] = replace(hairs, per_100_frames=float(random.choice([0.0, 4.0, 12.0])))
    changes["grain"] = Grain(strength=random.uniform(0.003, 0.036), size=random.uniform(0.35, 0.95))
    changes["blur"] = float(random.choice([0.0, random.uniform(0.3, 1.4)]))
    weave = settings.weave or Weave()
    # What `stabilize` leaves: a fifth of a pixel.
    left = random.uniform(0.0, 0.3) / height
    changes["weave"] = replace(weave, deviation=(left, left), degrees=0.0)
    return era, replace(settings, **changes)
