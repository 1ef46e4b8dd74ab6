"""SHA-256 of a source: of a file, or of a sequence's names and digests in order."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

from reelfix.io.errors import SourceError
from reelfix.io.sources import Source

_READ_BYTES = 4 * 2**20


class DigestStopped(Exception):  # noqa: N818 - a way to end, not a fault
    """The digest was no longer wanted."""


def digest(
    source: Source, *, progress: Callable[[int], None] | None = None, stop: Event | None = None
) -> str:
    """Return the source's SHA-256, in hex.

    A sequence's is that of the lines `<sha256>  <file name>` of its files in order, so that `sha256sum` over
    them, hashed again, gives it. `progress` is told the bytes read. Raises SourceError, DigestStopped.
    """
    read = 0

    def of_file(path: str) -> str:
        nonlocal read
        found = hashlib.sha256()
        with Path(path).open("rb") as file:
            while block := file.read(_READ_BYTES):
                if stop is not None and stop.is_set():
                    raise DigestStopped
                found.update(block)
                read += len(block)
                if progress is not None:
                    progress(read)
        return found.hexdigest()

    try:
        if source.kind == "file":
            return of_file(source.files[0])
        lines = hashlib.sha256()
        for path in source.files:
            lines.update(f"{of_file(path)}  {Path(path).name}\n".encode())
        return lines.hexdigest()
    except OSError as error:
        raise SourceError(
            f"{error.filename or source.path} cannot be read: {error.strerror or error}. "
            "Check its disk or network."
        ) from error


class BackgroundDigest:
    """A digest being computed beside other work; leave it to stop it."""

    def __init__(self, source: Source) -> None:
        self._stop = Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._future: Future[str] = self._pool.submit(digest, source, stop=self._stop)

    def __enter__(self) -> "BackgroundDigest":
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True)

    @property
    def is_done(self) -> bool:
        """Whether `result` will not wait."""
        return self._future.done()

    def result(self) -> str:
        """Wait for the digest; raises SourceError."""
        return self._future.result()
