"""Settings that speak of a whole picture, as they are for a part of it."""

from dataclasses import replace

from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.surface import Surface


def of_part(settings: DamageSettings, surface: Surface) -> DamageSettings:
    """Return the settings as they are for the part of the picture that `surface` is.

    Sizes that are fractions of the picture's height become fractions of the part's; counts become those of
    the part's area, and of its width where scratches are counted. Kinds that look at `Surface.whole`
    themselves stay as they are.
    """
    if surface.part_of is None:
        return settings
    whole = surface.part_of
    up, wide = whole.height / surface.height, whole.width / surface.width
    share = 1 / (up * wide)
    dirt, hairs, scratches = settings.dirt, settings.hairs, settings.scratches
    blotches, abrasions, gate = settings.blotches, settings.abrasions, settings.gate_hairs
    weave, local = settings.weave, settings.local_flicker
    return replace(
        settings,
        film_height_mm=settings.film_height_mm / up,
        dirt=dirt
        and replace(
            dirt, per_frame=dirt.per_frame * share, radius=dirt.radius * up, largest=dirt.largest * up
        ),
        hairs=hairs and replace(hairs, per_frame=hairs.per_frame * share, length=_scaled(hairs.length, up)),
        scratches=scratches
        and replace(
            scratches, per_100_frames=scratches.per_100_frames / wide, wander=scratches.wander * wide
        ),
        blotches=blotches
        and replace(blotches, per_frame=blotches.per_frame * share, size=_scaled(blotches.size, up)),
        abrasions=abrasions
        and replace(abrasions, per_frame=abrasions.per_frame * share, length=_scaled(abrasions.length, up)),
        gate_hairs=gate
        and replace(
            gate,
            per_100_frames=gate.per_100_frames * share,
            length=_scaled(gate.length, up),
            sway=gate.sway * up,
        ),
        weave=weave and replace(weave, deviation=_scaled(weave.deviation, up)),
        local_flicker=local
        and replace(local, knots=(max(2, round(local.knots[0] / up)), max(2, round(local.knots[1] / wide)))),
    )


def _scaled(fractions: tuple[float, float], by: float) -> tuple[float, float]:
    return fractions[0] * by, fractions[1] * by
