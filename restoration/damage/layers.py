"""All marks of a clip, in the order in which they come upon it."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

from reelfix.restoration.damage.abrasions import abrasion_marks
from reelfix.restoration.damage.blotches import blotch_marks
from reelfix.restoration.damage.cue_marks import cue_marks
from reelfix.restoration.damage.dirt import dirt_marks
from reelfix.restoration.damage.drop_outs import drop_out_marks
from reelfix.restoration.damage.hairs import gate_hair_marks, hair_marks
from reelfix.restoration.damage.holes import corner_marks, hole_marks
from reelfix.restoration.damage.marks import Mark
from reelfix.restoration.damage.mould import mould_marks
from reelfix.restoration.damage.scratches import scratch_marks
from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.sources import Sources
from reelfix.restoration.damage.splices import splice_marks
from reelfix.restoration.damage.stains import stain_marks
from reelfix.restoration.damage.surface import Surface

_Layer = tuple[str, Callable[..., Iterable[Mark]], Any]
"""A kind's name among the sources, what draws its marks, and its settings."""


def all_marks(settings: DamageSettings, surface: Surface, sources: Sources) -> Iterator[Mark]:
    """Draw all marks, one by one."""
    for name, draw, kind in (*_wear(settings), *_later(settings)):
        if kind is not None:
            yield from draw(kind, surface, sources[name])


def copied_and_fresh(
    settings: DamageSettings, surface: Surface, sources: Sources
) -> tuple[Iterable[Mark], Iterable[Mark]]:
    """Draw all marks: those that lay on the film before it was copied, and those that came later.

    Of dirt every piece is drawn one or the other, of other wear every kind.
    """
    if settings.copied_marks == 0:
        return [], all_marks(settings, surface, sources)
    copied: list[Mark] = []
    fresh: list[Mark] = []
    random = deepcopy(sources["copied marks"])
    for name, draw, kind in _wear(settings):
        # Drawn for every kind, there or not: to leave one out moves none of the others.
        early, of_pieces = random.uniform() < settings.copied_marks, random.spawn(1)[0]
        for mark in [] if kind is None else draw(kind, surface, sources[name]):
            if name == "dirt":
                early = of_pieces.uniform() < settings.copied_marks
            (copied if early else fresh).append(mark)
    for name, draw, kind in _later(settings):
        if kind is not None:
            fresh.extend(draw(kind, surface, sources[name]))
    return copied, fresh


def _wear(settings: DamageSettings) -> tuple[_Layer, ...]:
    """What any film on the way may have borne."""
    return (
        ("gate hairs", gate_hair_marks, settings.gate_hairs),
        ("scratches", scratch_marks, settings.scratches),
        ("blotches", blotch_marks, settings.blotches),
        ("abrasions", abrasion_marks, settings.abrasions),
        ("stains", stain_marks, settings.stains),
        ("mould", mould_marks, settings.mould),
        ("dirt", dirt_marks, settings.dirt),
        ("hairs", hair_marks, settings.hairs),
    )


def _later(settings: DamageSettings) -> tuple[_Layer, ...]:
    """What befell the last one, or the tape."""
    return (
        ("splices", splice_marks, settings.splices),
        ("cue marks", cue_marks, settings.cue_marks),
        ("drop-outs", drop_out_marks, settings.drop_outs),
        ("holes", hole_marks, settings.holes),
        ("corners", corner_marks, settings.corners),
    )
