"""Where a master lands: under a temporary name beside its own until it is whole and checked."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from reelfix.io.documents import sync_folder
from reelfix.io.errors import DeliveryError
from reelfix.io.storage import is_local, local_path

_BUFFER = 4 * 2**20
_PARTIAL = ".partial"


@dataclass(frozen=True)
class Landing:
    """A claimed place for one file, or one folder of pictures."""

    target: UPath
    work: Path
    """Where it is written meanwhile: on the target's own disk where that is local."""
    is_folder: bool

    def publish(self) -> None:
        """Give the finished work its name, in one step; of a remote target: upload it and read it back.

        Raises DeliveryError where what was read back is not what was sent.
        """
        if not is_local(self.target):
            _upload(self.work, self.target)
            return
        target = Path(local_path(self.target))
        _sync(self.work)
        if self.is_folder and target.exists():
            # A folder cannot be renamed onto a full one: the old one steps aside first, and goes last.
            aside = target.with_name(f".{target.name}.replaced")
            shutil.rmtree(aside, ignore_errors=True)
            target.rename(aside)
            self.work.rename(target)
            shutil.rmtree(aside)
        else:
            self.work.replace(target)
        sync_folder(target.parent)

    def keep_as_failed(self) -> Path:
        """Set the work aside as `<name>.failed`, for who wants to see what is wrong with it."""
        folder = (
            Path(local_path(self.target)).parent if is_local(self.target) else Path(tempfile.gettempdir())
        )
        failed = folder / f"{self.target.name}.failed"
        _remove(failed)
        shutil.move(self.work, failed)
        return failed


@contextlib.contextmanager
def claim(target: UPath, *, is_folder: bool, force: bool) -> Iterator[Landing]:
    """Claim the name `target` for a new master; what is unfinished when left is removed.

    Raises DeliveryError where the name is taken and `force` is not set, or another export is writing it.
    """
    if target.exists() and not force:
        raise DeliveryError(f"{target} exists. Choose another name with -o, or replace it with --force.")
    folder = (
        Path(local_path(target.parent)) if is_local(target) else Path(tempfile.mkdtemp(prefix="reelfix-"))
    )
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / f".{target.name}{_PARTIAL}"
    lock = _lock(work.with_name(f"{work.name}.lock"), target)
    try:
        # Only the holder of the lock writes here: what is found was left by an export that was killed.
        _remove(work)
        if is_folder:
            work.mkdir()
        yield Landing(target, work, is_folder)
    finally:
        _remove(work)
        work.with_name(f"{work.name}.lock").unlink(missing_ok=True)
        os.close(lock)
        if not is_local(target):
            shutil.rmtree(folder, ignore_errors=True)


def _lock(path: Path, target: UPath) -> int:
    """Take the lock file, which the system releases when this process ends, however it ends."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise DeliveryError(
                f"another export is writing {target} now. Wait for it, or stop it."
            ) from error
        # The holder before may have removed the file between our opening and our locking it.
        if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
        os.close(descriptor)


@contextlib.contextmanager
def local_copy(path: UPath) -> Iterator[Path]:
    """Give a file or folder as it lies on this machine: itself, or a copy that is removed afterwards."""
    if is_local(path):
        yield Path(local_path(path))
        return
    with tempfile.TemporaryDirectory(prefix="reelfix-") as folder:
        copy = Path(folder) / path.name
        path.fs.get(path.path, str(copy), recursive=path.is_dir())
        yield copy


def file_sha256(path: UPath | Path) -> str:
    """SHA-256 of a file's content, local or remote."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_BUFFER):
            digest.update(piece)
    return digest.hexdigest()


def files_of(path: Path) -> Sequence[Path]:
    """Return the file itself, or a folder's files in order of their names."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _upload(work: Path, target: UPath) -> None:
    for file in files_of(work):
        place = target / file.name if work.is_dir() else target
        place.fs.makedirs(place.fs._parent(place.path), exist_ok=True)
        place.fs.put_file(str(file), place.path)
        if file_sha256(place) != file_sha256(file):
            place.unlink()
            raise DeliveryError(f"{place} does not read back as it was sent; it was removed. Export again.")


def _sync(path: Path) -> None:
    for file in [path] if path.is_file() else []:
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    if path.is_dir():
        sync_folder(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
