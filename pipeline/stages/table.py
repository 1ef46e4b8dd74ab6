"""The stages, in their canonical order. To add one: write its file here beside, and add a line."""

from functools import cache
from importlib import import_module
from typing import Any

from reelfix.pipeline.stage import Stage

_STAGES = {
    "deflicker": "Deflicker",
    "motion": "Motion",
    "detect": "Detect",
    "restore": "Restore",
}

STAGE_NAMES = tuple(_STAGES)


@cache
def stage_type(name: str) -> type[Stage[Any]]:
    """Return the class of the stage `name` (one of STAGE_NAMES)."""
    found: type[Stage[Any]] = getattr(import_module(f"reelfix.pipeline.stages.{name}"), _STAGES[name])
    return found
