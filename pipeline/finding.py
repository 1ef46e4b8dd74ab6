"""Findings: what a verification looked at, and whether it held."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was verified."""

    subject: str
    """What: `source`, `store`, `deflicker shot-0003 [12, 80)`, a master's name."""
    ok: bool
    message: str
    """What was found; where not ok, with the remedy."""
