"""Room on disk: checked before and while writing, and said clearly when it is gone."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upath import UPath

from reelfix.io.errors import SpaceError
from reelfix.io.storage import is_local, local_path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
RESERVE_BYTES = 32 * 2**20
"""Kept free: documents, and other programs."""


def free_bytes(path: UPath) -> int | None:
    """Bytes that may be written at `path` (it need not exist yet); None in an object store."""
    if not is_local(path):
        return None
    place = Path(local_path(path))
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def require_space(path: UPath, needed: int, *, what: str, remedy: str) -> None:
    """Raise SpaceError unless `needed` bytes, and a reserve, are free at `path`."""
    free = free_bytes(path)
    if free is not None and free < needed + RESERVE_BYTES:
        raise SpaceError(
            f"{what} needs about {_size(needed)} at {path}, but only {_size(free)} are free "
            f"({_size(RESERVE_BYTES)} of them kept in reserve). {remedy}"
        )


@contextmanager
def space_errors(path: UPath, *, what: str, remedy: str) -> Iterator[None]:
    """Turn "no space left on device" and an exceeded quota into a SpaceError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        free = free_bytes(path)
        raise SpaceError(
            f"{what}: no space left at {path} ({_size(free or 0)} free; {error.strerror}). {remedy}"
        ) from error


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"
