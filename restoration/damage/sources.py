"""A generator of its own for every kind of damage, so that no kind moves another."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

_FIRST = (
    "flicker",
    "grain",
    "dirt",
    "hairs",
    "scratches",
    "local flicker",
    "weave",
    "blotches",
    "gate hairs",
    "abrasions",
)
_LATER = (
    "motion blur",
    "vignette",
    "uneven",
    "stock",
    "generations",
    "stains",
    "mould",
    "holes",
    "corners",
    "splices",
    "cue marks",
    "tape",
    "drop-outs",
    "interlace",
    "copied marks",
)
"""New kinds go to the end: a place in these lists is a kind's seed."""

Sources = Mapping[str, np.random.Generator]
"""By the kind's name."""


def spawn_sources(random: np.random.Generator) -> Sources:
    """Spawn every kind's generator off `random`.

    The later kinds' are spawned off one of the first: a caller who damages several clips with one generator
    gets the clips that it gave before there were later kinds.
    """
    first = dict(zip(_FIRST, random.spawn(len(_FIRST)), strict=True))
    later = dict(zip(_LATER, first["abrasions"].spawn(len(_LATER)), strict=True))
    return MappingProxyType(first | later)
