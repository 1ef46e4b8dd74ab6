"""Checkpoints: all that a run needs to go on from a step, written whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

KEPT = 2
"""The last checkpoint and the one before: a disk that lost the last still has a run to go on with."""


class Checkpoints:
    """The checkpoints of a run: `checkpoint-<step>.pt` in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, step: int, content: dict[str, Any]) -> Path:
        """Write the checkpoint of a step; returns once it would survive a power cut."""
        path = self.folder / f"checkpoint-{step:08d}.pt"
        write_whole(path, lambda temporary: torch.save(content, temporary))
        for old in self.paths()[KEPT:]:
            old.unlink()
        return path

    def load(self) -> tuple[dict[str, Any] | None, list[Path]]:
        """Return the newest whole checkpoint, its tensors on the CPU, and the damaged ones passed over."""
        damaged: list[Path] = []
        for path in self.paths():
            if not _is_whole(path):
                damaged.append(path)
                continue
            content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            return content, damaged
        return None, damaged

    @property
    def last_step(self) -> int:
        """The step of the newest checkpoint; 0 where there is none."""
        newest = next(iter(self.paths()), None)
        return int(newest.stem.removeprefix("checkpoint-")) if newest else 0

    def paths(self) -> list[Path]:
        """Return the checkpoints there are, newest first."""
        return sorted(self.folder.glob("checkpoint-*.pt"), reverse=True)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill a temporary file beside `path`, force it to disk, and give it its name."""
    temporary = path.with_name(f".{path.name}.partial")
    write(temporary)
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_whole(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return archive.testzip() is None
    except BadZipFile:
        return False
