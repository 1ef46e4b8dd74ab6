"""What was measured: one method on one item a record, and all of a run together."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from reelfix.restoration.metrics import MaskScore

TRUTH = "truth"
"""The method that is none: what the truth itself has of the blind measures."""


@dataclass(frozen=True)
class Record:
    """One method on one item."""

    method: str
    item: str
    """The clip or picture: items of one name are drawn together for intervals."""
    case: str = ""
    """What befell it: an era or a kind of damage; empty where nothing is known."""
    seed: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    """By measure."""
    inside: Mapping[str, float] = field(default_factory=dict)
    """PSNR under the marks of each kind of damage, dB."""
    masks: Mapping[str, MaskScore] = field(default_factory=dict)
    """Of the mask the method made: `either`, `dirt`, `scratch` planes against what is plain to see, and
    `kind dirt`, `kind hair` ... of each kind of damage."""
    facts: Mapping[str, float] = field(default_factory=dict)
    """What else is known: `motion` in pixels a frame, `cpu` seconds a frame, `frames`."""


@dataclass
class Evaluation:
    """All records of a run."""

    title: str
    setup: Mapping[str, Any]
    """What was measured on what: folders, settings, seeds."""
    measures: tuple[str, ...]
    """The columns, in their order."""
    notes: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    features: dict[str, list[npt.NDArray[np.float64]]] = field(default_factory=dict)
    """By method, of pictures in the same order for every method."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Name the methods, in the order they were met."""
        return tuple(dict.fromkeys(record.method for record in self.records))

    @property
    def cases(self) -> tuple[str, ...]:
        """Name the cases, in the order they were met."""
        return tuple(dict.fromkeys(record.case for record in self.records))

    def of(self, method: str, case: str | None = None) -> list[Record]:
        """Return a method's records, of one case or of all."""
        return [record for record in self.records if record.method == method and case in (None, record.case)]

    def add(self, record: Record, features: Sequence[npt.NDArray[np.float64]] = ()) -> None:
        """Take one more record, and what describes its pictures."""
        self.records.append(record)
        if features:
            self.features.setdefault(record.method, []).extend(features)


def record_to_json(record: Record) -> dict[str, Any]:
    """Return a record as a document; what is not finite is null, an infinite PSNR the word `equal`."""
    masks = {
        name: {**vars(score), "precision": score.precision, "recall": score.recall, "f1": score.f1}
        for name, score in record.masks.items()
    }
    return {
        "method": record.method,
        "item": record.item,
        "case": record.case,
        "seed": record.seed,
        "figures": {name: number(value) for name, value in record.figures.items()},
        "inside": {name: number(value) for name, value in record.inside.items()},
        "masks": {
            name: {key: number(value) for key, value in score.items()} for name, score in masks.items()
        },
        "facts": {name: number(value) for name, value in record.facts.items()},
    }


def number(value: float) -> float | str | None:
    """Return a number as JSON has it."""
    if math.isinf(value):
        return "equal"
    return None if math.isnan(value) else float(f"{value:.7g}")


def dump(document: Mapping[str, Any]) -> str:
    """Write a document; what JSON has no word for is an error."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
