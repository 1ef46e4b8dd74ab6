"""The alarms of all shots, in one small document beside the sheets: what `reelfix status` counts."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from reelfix.io.documents import read_json, write_json
from reelfix.pipeline.outcome import ShotOutcome
from reelfix.pipeline.reel import Reel

_VERSION = 7
"""Raised whenever sheets look or say something else: what was drawn before is drawn anew."""


def identity_of(outcome: ShotOutcome) -> str:
    """Digest of all that a shot's sheet shows."""
    shot = outcome.shot
    shown = {
        "version": _VERSION,
        "reel": outcome.reel.name,
        "source": outcome.reel.source_key,
        "shot": [shot.number, shot.start, shot.stop, shot.note],
        "stages": [
            [entry.task.key, entry.commit is not None, entry.failure.when if entry.failure else None]
            for entry in outcome.stages
        ],
    }
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def write_alarms(reel: Reel, shots: Iterable[Mapping[str, Any]]) -> None:
    """Write `alarms.json`: the shots that raised any, or have something of note, and what.

    Of each: `shot`, `start`, `stop`, `identity` and `alarms` (`alarms.Alarm`, as JSON has it).
    """
    write_json(reel.root / "sheets" / "alarms.json", {"version": 1, "shots": list(shots)})


def alarm_counts(reel: Reel, outcomes: Iterable[ShotOutcome]) -> dict[int, int]:
    """Count the alarms on the last sheets, by shot number; those of shots that changed since are left out."""
    try:
        listed = read_json(reel.root / "sheets" / "alarms.json")["shots"]
    except FileNotFoundError:
        return {}
    counts = {entry["identity"]: sum(not alarm["is_notice"] for alarm in entry["alarms"]) for entry in listed}
    found = {outcome.shot.number: counts.get(identity_of(outcome), 0) for outcome in outcomes}
    return {shot: count for shot, count in found.items() if count}
