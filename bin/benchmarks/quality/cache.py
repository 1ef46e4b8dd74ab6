"""Figures of the baselines, kept from run to run: they change only with what goes in."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from reelfix.bin.benchmarks.quality.measures import Figures
from reelfix.pipeline.evaluation.cases import Trial

_VERSION = 1
"""Raised whenever a method or a measure changes."""


class FigureCache:
    """A folder of small JSON files, one for each method on each input."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, trial: Trial, method: str, compute: Callable[[], Figures]) -> Figures:
        """Return the figures of `method` on a trial, computing them where they are not known."""
        digest = hashlib.sha256(f"{_VERSION} {method}".encode())
        digest.update(trial.input.numpy().tobytes())
        digest.update(trial.truth.numpy().tobytes())
        path = self._folder / f"{digest.hexdigest()}.json"
        if path.exists():
            return Figures(**json.loads(path.read_text()))
        figures = compute()
        self._folder.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(f".{id(figures)}.part")
        whole.write_text(json.dumps(asdict(figures)))
        whole.replace(path)
        return figures
