"""One writer per reel: a lock that names its holder, and is known to be stale when the holder is dead."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from upath import UPath

from reelfix.io.documents import write_json
from reelfix.io.storage import is_local, local_path
from reelfix.pipeline.errors import ReelError

_HOLDER = "lock.json"


@dataclass(frozen=True)
class LockHolder:
    """The process that writes to a reel."""

    host: str
    pid: int
    started: float
    """When that process began, in seconds since 1970: tells it from a later one with the same pid."""
    since: str
    what: str
    """What it is doing: `run`, `ingest`, `clean`."""

    @classmethod
    def this_process(cls, what: str) -> "LockHolder":
        """Describe the calling process."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(socket.gethostname(), os.getpid(), psutil.Process().create_time(), now, what)

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs; one on another host is taken to."""
        if self.host != socket.gethostname():
            return True
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1.0
        except psutil.NoSuchProcess:
            return False

    def __str__(self) -> str:
        return f"`{self.what}` on {self.host}, pid {self.pid}, since {self.since}"


def lock_holder(root: UPath) -> LockHolder | None:
    """Return who holds the reel at `root`, alive or not; None where nobody does."""
    try:
        return LockHolder(**json.loads((root / _HOLDER).read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


@contextmanager
def hold_reel(root: UPath, what: str, *, break_lock: bool = False) -> Iterator[LockHolder | None]:
    """Hold the reel at `root` for writing; yields the dead holder whose lock was taken over, if any.

    On a local file system the operating system's own file lock decides, so a killed process never leaves
    a reel locked. In an object store the holder's record decides; `break_lock` overrides it.
    Raises ReelError while another live process holds the reel.
    """
    if is_local(root):
        folder = Path(local_path(root))
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise _held(root, lock_holder(root)) from error
        try:
            yield from _recorded(root, what)
        finally:
            lock.release()
    else:
        holder = lock_holder(root)
        if holder is not None and holder.is_alive and not break_lock and not _is_this_process(holder):
            raise _held(root, holder)
        yield from _recorded(root, what)


def _recorded(root: UPath, what: str) -> Iterator[LockHolder | None]:
    stale = lock_holder(root)
    write_json(root / _HOLDER, asdict(LockHolder.this_process(what)))
    try:
        yield stale
    finally:
        (root / _HOLDER).unlink(missing_ok=True)


def _is_this_process(holder: LockHolder) -> bool:
    return (holder.host, holder.pid) == (socket.gethostname(), os.getpid())


def _held(root: UPath, holder: LockHolder | None) -> ReelError:
    who = str(holder) if holder else "another process"
    return ReelError(
        f"{root} is held by {who}. Wait for it to end or stop it; a lock left by a dead process frees itself "
        "(in an object store, or where that host is gone for good: --break-lock)."
    )
