"""The folder of a training run: whose it is, what was asked, and that nobody else writes there."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w
from filelock import FileLock, Timeout

from reelfix.restoration.training.checkpoint import write_whole
from reelfix.restoration.training.errors import TrainingError
from reelfix.restoration.training.settings import FREE, difference, plain


class RunFolder:
    """`settings.toml`, checkpoints, tables and pictures of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings_path = path / "settings.toml"

    def settle(self, content: Mapping[str, Any]) -> None:
        """Write down what the run is asked to do, or check that it is what it was asked before.

        Raises TrainingError naming what differs.
        """
        wanted = plain(content)
        if not self.settings_path.exists():
            write_whole(
                self.settings_path, lambda path: path.write_text(tomli_w.dumps(wanted), encoding="utf-8")
            )
            return
        differences = difference(self.read_settings(), wanted, {f"training.{name}" for name in FREE})
        if differences:
            raise TrainingError(
                f"{self.path} holds a run with other settings ({'; '.join(differences)}). A run goes on with "
                "its own: give those, or name another folder."
            )

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
