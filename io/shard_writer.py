"""Frames into zarr shards: compressed as they arrive, each shard written once, whole and durable.

The bytes are those of zarr's `sharding_indexed` codec with the index at the end (zarr v3 sharding codec,
version 1.0): chunk after chunk, then one (offset, length) pair a chunk as little-endian uint64, then the
crc32c of that index. zarr's own writer would hold a shard's frames uncompressed, and begin with the last.
"""

import os
import re
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore

import google_crc32c
import numpy as np
import numpy.typing as npt
import psutil
from upath import UPath

from reelfix.io.documents import write_durable
from reelfix.io.storage import is_local, local_path

Plane = npt.NDArray[np.unsignedinteger]
EncodeChunk = Callable[[Plane], bytes]
Chunk = tuple[bytes, bytes]
"""A compressed chunk, and the crc32c that follows it (zarr's `crc32c` codec)."""

_ABSENT = np.uint64(2**64 - 1)

_PART = re.compile(r"\..+@(?P<host>.*)-(?P<pid>\d+)-[0-9a-f]+\.part")
"""What a shard is called until it is whole: `.<name>@<host>-<process>-<random>.part`."""
_CLOCKS_APART = 2.0
"""Seconds that the clocks of processes and of files may differ by."""


class ShardBuilder:
    """The chunks of one shard of one array, being compressed."""

    def __init__(self, chunks_per_shard: int) -> None:
        self._chunks_per_shard = chunks_per_shard
        self._chunks: list[Future[Chunk]] = []

    def add(self, chunk: Future[Chunk]) -> None:
        """Take the next chunk."""
        self._chunks.append(chunk)

    def parts(self) -> list[bytes]:
        """Wait for the chunks; return the shard's bytes, in parts."""
        chunks = [chunk.result() for chunk in self._chunks]
        index = np.full((self._chunks_per_shard, 2), _ABSENT, dtype="<u8")
        lengths = np.array([len(data) + len(check) for data, check in chunks], dtype=np.uint64)
        index[: len(chunks), 0] = np.cumsum(lengths) - lengths
        index[: len(chunks), 1] = lengths
        return [*(part for chunk in chunks for part in chunk), index.tobytes(), _checksum(index.tobytes())]


class FrameCompressor:
    """Compresses planes on a pool of threads; holds at most `pending` of them uncompressed."""

    def __init__(self, encode: EncodeChunk, *, threads: int, pending: int) -> None:
        self._encode = encode
        self._room = BoundedSemaphore(pending)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="compress")

    def submit(self, plane: Plane) -> "Future[Chunk]":
        """Compress one plane (H, W); waits while too many are pending."""
        self._room.acquire()
        future = self._pool.submit(self._compress, plane)
        future.add_done_callback(lambda _: self._room.release())
        return future

    def _compress(self, plane: Plane) -> Chunk:
        data = self._encode(np.ascontiguousarray(plane))
        return data, _checksum(data)

    def close(self) -> None:
        """Drop what has not begun, wait for what has."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _checksum(data: bytes) -> bytes:
    return int(google_crc32c.value(data)).to_bytes(4, "little")


def write_shards(folders: Mapping[str, UPath], name: str, shards: Mapping[str, list[bytes]]) -> int:
    """Write one shard a plane, each whole or not at all and, on a local disk, durable; returns the bytes."""
    for plane, parts in shards.items():
        folder = folders[plane]
        if is_local(folder):
            place = Path(local_path(folder))
            # A worker that outlived its run may be at the same shard: each writes under a name of its own.
            mine = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            write_durable(place / name, parts, temporary=place / f".{name}@{mine}.part")
        else:
            (folder / name).write_bytes(b"".join(parts))
    return sum(len(part) for parts in shards.values() for part in parts)


def remove_leftovers(folders: Iterable[UPath]) -> None:
    """Remove what writers of this host that were killed left of shards begun; who still lives keeps his.

    In an object store there is nothing to remove: a put that is broken off leaves no object.
    """
    for folder in folders:
        if is_local(folder):
            for path in Path(local_path(folder)).glob(".*.part"):
                if not _has_writer(path):
                    path.unlink(missing_ok=True)


def _has_writer(part: Path) -> bool:
    """Whether the process that began a shard may be at it still; one of another host is taken to."""
    name = _PART.fullmatch(part.name)
    if name is None:
        return False  # Of an earlier version, which named no process.
    if name["host"] != socket.gethostname():
        return True
    try:
        # A process younger than the file has the number of one that is gone.
        return psutil.Process(int(name["pid"])).create_time() <= part.stat().st_mtime + _CLOCKS_APART
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
