"""Small JSON documents that appear whole or not at all, on a local disk or in an object store."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from upath import UPath

from reelfix.io.errors import StoreError
from reelfix.io.storage import is_local, local_path


def write_text(path: UPath, text: str) -> None:
    """Replace the document at `path` in one step; see `write_bytes`."""
    write_bytes(path, text.encode())


def write_bytes(path: UPath, content: bytes) -> None:
    """Replace the file at `path` in one step.

    Locally: temporary file, fsync, rename, fsync of the folder. In an object store a put is already atomic.
    """
    if not is_local(path):
        path.write_bytes(content)
        return
    target = Path(local_path(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two processes may write the same document: each under a temporary name of its own.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(descriptor)
    Path(name).chmod(0o644)
    write_durable(target, [content], temporary=Path(name))


def write_durable(target: Path, parts: Iterable[bytes], *, temporary: Path) -> None:
    """Write a local file so that it appears whole, and survives a power cut once this returns.

    `temporary` lies in the same folder; it is gone afterwards, whatever happens.
    """
    try:
        with temporary.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_file(name: str) -> None:
    """Force a file and its folder's entry to disk; one that is not there (an empty chunk) is passed over."""
    path = Path(name)
    if not path.exists():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's own entries (a rename just done) survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: UPath, content: Any) -> None:
    """Write `content` as JSON in one step; see `write_text`."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: UPath) -> Any:
    """Read a JSON document; raises FileNotFoundError, or StoreError where it is not JSON."""
    text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise StoreError(f"{path} is not valid JSON ({error}). Mend it by hand or restore a copy.") from error


def append_record(path: UPath, record: dict[str, Any]) -> None:
    """Append one JSON line and make it durable. One writer at a time."""
    line = json.dumps(record, ensure_ascii=False) + "\n"
    if not is_local(path):
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(before + line, encoding="utf-8")
        return
    target = Path(local_path(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a+b") as file:
        # A torn last line (power cut) is closed off, so that the new record starts on its own line.
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def read_records(path: UPath) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON-lines file; a torn line (the writer was killed) is passed over."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict):
            yield record
