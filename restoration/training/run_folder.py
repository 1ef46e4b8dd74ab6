"""The folder of a training run: whose it is, what was asked, and that nobody else writes there."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w
from filelock import FileLock, Timeout
from pydantic import ValidationError

from reelfix.restoration.training.checkpoint import write_whole
from reelfix.restoration.training.errors import TrainingError
from reelfix.restoration.training.schedule import same_so_far
from reelfix.restoration.training.settings import FREE, SCHEDULE, TrainingSettings, difference, plain


class RunFolder:
    """`settings.toml`, checkpoints, tables and pictures of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings_path = path / "settings.toml"

    def settle(self, content: Mapping[str, Any], step: int) -> None:
        """Write down what the run is asked to do; first check that so far it was asked the same.

        A run that has got to `step` may go on with other settings where not one of its weights would be
        another: with a longer or shorter schedule, while the learning rate is what it would have been. Raises
        TrainingError naming what differs.
        """
        wanted = plain(content)
        before = self.read_settings() if self.settings_path.exists() else wanted
        free = {f"training.{name}" for name in FREE}
        if _same_rates(before.get("training", {}), wanted["training"], step):
            free |= {f"training.{name}" for name in SCHEDULE}
        differences = difference(before, wanted, free)
        if differences:
            raise TrainingError(
                f"{self.path} holds a run with other settings ({'; '.join(differences)}). A run goes on with "
                "its own: give those, or name another folder."
            )
        write_whole(self.settings_path, lambda path: path.write_text(tomli_w.dumps(wanted), encoding="utf-8"))

    def read_settings(self) -> dict[str, Any]:
        """Read what the run was asked to do."""
        return tomllib.loads(self.settings_path.read_text(encoding="utf-8"))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within: this process alone trains here; raises TrainingError where another one does."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise TrainingError(
                f"another process is training in {self.path} now. Wait for it, stop it, or name another "
                "folder."
            ) from error
        try:
            yield
        finally:
            lock.release()


def _same_rates(before: Mapping[str, Any], wanted: Mapping[str, Any], step: int) -> bool:
    try:
        old = TrainingSettings.model_validate(before)
    except ValidationError:
        return False  # of another version
    return same_so_far(old, TrainingSettings.model_validate(wanted), step)
