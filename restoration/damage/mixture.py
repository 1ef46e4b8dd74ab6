"""Settings drawn at random about an era's: every parameter varied, every kind there or not."""

from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from reelfix.restoration.damage.dyes import DyeFading
from reelfix.restoration.damage.fading import Fading
from reelfix.restoration.damage.full_eras import CHANCES, FULL_ERAS
from reelfix.restoration.damage.generations import Generations
from reelfix.restoration.damage.low_resolution import LowResolution
from reelfix.restoration.damage.settings import DamageSettings, structured_only, unstructured_only
from reelfix.restoration.damage.stock import StockGrain
from reelfix.restoration.damage.tint import TINTS, Tint

_COUNTS = frozenset({"per_frame", "per_100_frames"})
_SHARES = frozenset(
    {
        "opacity",
        "veil",
        "edge",
        "fall",
        "strength",
        "frames",
        "persistence",
        *(
            "coloured",
            "bright",
            "black",
            "oval",
            "broken",
            "tramlines",
            "across",
            "dust",
            "flakes",
            "clusters",
        ),
    }
)
"""Parameters that are at most 1."""

_MONOCHROME = frozenset({"1900s", "1920s", "1940s"})
"""Eras whose films make a colour clip monochrome, tinted or not."""

_OTHER_STOCKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "1900s": ("orthochromatic", "duplicating"),
        "1920s": ("orthochromatic", "panchromatic", "duplicating"),
        "1940s": ("fast newsreel", "panchromatic", "reversal 16 mm", "duplicating"),
        "1970s": ("colour print", "colour reversal", "reversal 16 mm"),
        "amateur 8 mm": ("reversal 8 mm", "colour 8 mm"),
        "light": ("panchromatic", "duplicating", "colour print"),
    }
)


def random_settings(
    random: np.random.Generator,
    era: str | None = None,
    structured: bool = True,
    unstructured: bool = True,
) -> DamageSettings:
    """Draw settings: an era of FULL_ERAS, if none is named; its kinds, by CHANCES; and all their parameters.

    Counts vary by a factor of 2.5 either way about the era's, other parameters by 1.5. Without `structured`
    no marks are laid, without `unstructured` there is nothing but marks; the rest is drawn the same. Raises
    ValueError for an era that is not there, or if neither is asked for.
    """
    if not structured and not unstructured:
        raise ValueError("Neither structured nor unstructured damage is asked for. Ask for one or both.")
    era = era or str(random.choice(list(FULL_ERAS)))
    if era not in FULL_ERAS:
        raise ValueError(f"{era = } must be one of {', '.join(FULL_ERAS)}.")
    preset = FULL_ERAS[era]
    drawn: dict[str, Any] = {"film_height_mm": preset.film_height_mm * random.uniform(0.8, 1.1)}
    # Every kind has a generator of its own: what one draws, or whether it is there, moves no other.
    kinds = [field.name for field in fields(DamageSettings) if field.name != "film_height_mm"]
    there = dict(zip(kinds, random.uniform(size=len(kinds)), strict=True))
    for kind, source in zip(kinds, random.spawn(len(kinds)), strict=True):
        settings = getattr(preset, kind)
        if kind == "copied_marks":
            drawn[kind] = float(source.uniform()) if there[kind] < CHANCES[kind] else 0.0
        elif settings is None or there[kind] >= CHANCES[kind]:
            drawn[kind] = 0.0 if kind == "blur" else None
        elif kind == "blur":
            drawn[kind] = float(source.uniform(0.2, 2.0) * settings)
        elif kind == "stock":
            drawn[kind] = _stock(settings, str(source.choice(_OTHER_STOCKS[era])), source)
        else:
            drawn[kind] = varied(settings, source)
    if drawn["stock"] is not None:
        drawn["grain"] = None
    if drawn["tape"] is None:
        drawn["drop_outs"] = None
    if era in _MONOCHROME and drawn["tint"] is None:
        drawn["tint"] = Tint((1.0, 1.0, 1.0))
    if drawn["generations"] is drawn["fading"] is None:
        drawn["copied_marks"] = 0.0
    settings = replace(preset, **drawn)
    if not structured:
        return unstructured_only(settings)
    return settings if unstructured else structured_only(settings)


def varied(kind: Any, random: np.random.Generator) -> Any:
    """Return the settings of one kind with their parameters drawn anew about what they are."""
    if isinstance(kind, Fading):
        black, white = 2 * kind.black * random.uniform(), 1 - 2 * (1 - kind.white) * random.uniform()
        return Fading(black, white, float(np.exp(random.normal(0, 0.15))))
    if isinstance(kind, DyeFading):
        cyan, magenta, yellow = random.uniform(0.0, 1.6, 3) * (kind.cyan, kind.magenta, kind.yellow)
        return DyeFading(float(cyan), float(magenta), float(yellow), 2 * kind.stain * random.uniform())
    if isinstance(kind, Tint):
        return _tint(random)
    if isinstance(kind, LowResolution):
        return LowResolution(random.uniform(1.2, 2 * kind.factor - 1), bool(random.uniform() < 0.7))
    if isinstance(kind, Generations):
        contrast = 1 + (kind.contrast - 1) * random.uniform(0.0, 2.0)
        kind = replace(kind, count=int(random.integers(1, kind.count + 2)), contrast=contrast)
        return _scaled(kind, random, keep=("contrast",))
    return _scaled(kind, random)


def _stock(settings: StockGrain, other: str, random: np.random.Generator) -> StockGrain:
    name = other if random.uniform() < 0.5 else settings.stock
    # As a scan shows it: compressed or soft scans have lost most of it, sharp ones show more.
    return StockGrain(name, settings.amount * random.uniform(0.25, 1.5), random.uniform(0.6, 1.3))


def _tint(random: np.random.Generator) -> Tint:
    tint = TINTS[str(random.choice(list(TINTS)))]
    shift = random.normal(0, 0.04, 3)
    highlights = tuple(float(value) for value in np.clip(np.add(tint.highlights, shift), 0.2, 1.0))
    return Tint(highlights, tint.shadows, random.uniform(0.5, 1.0))  # type: ignore[arg-type]


def _scaled(kind: Any, random: np.random.Generator, keep: tuple[str, ...] = ()) -> Any:
    """Scale every number that is not whole; the two ends of a range alike."""
    changes = {}
    for field in fields(kind):
        value = getattr(kind, field.name)
        ends = value if isinstance(value, tuple) else (value,)
        if field.name in keep or not all(isinstance(end, float) for end in ends) or not ends:
            continue
        spread = 2.5 if field.name in _COUNTS else 1.5
        factor = spread ** random.uniform(-1, 1)
        most = 1.0 if field.name in _SHARES else np.inf
        scaled = tuple(min(float(end) * factor, most) for end in ends)
        changes[field.name] = scaled if isinstance(value, tuple) else scaled[0]
    return replace(kind, **changes)
