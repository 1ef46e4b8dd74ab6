"""The frame store: a source's planes exactly as decoded, chunked one frame per plane, in zarr shards."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from numcodecs import Blosc
from upath import UPath
from zarr.codecs import BloscCodec, Crc32cCodec

from reelfix.io.documents import sync_file, sync_folder
from reelfix.io.errors import StoreError
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.shard_writer import FrameCompressor, Plane, ShardBuilder, remove_leftovers, write_shards
from reelfix.io.storage import is_local, local_path, zarr_store

Planes = dict[str, npt.NDArray[np.unsignedinteger]]
"""Plane name -> (T, H, W), uint8 or uint16."""

SHARD_BYTES = 64 * 2**20
_PTS_CHUNK = 65536


def shard_frames(pixel_format: PixelFormat, height: int, width: int) -> int:
    """Frames per shard: as many as fit `SHARD_BYTES` in the largest plane, 1 to 256."""
    largest = height * width * pixel_format.dtype.itemsize
    return int(np.clip(SHARD_BYTES // largest, 1, 256))


class FrameStore:
    """Frames of one source: `planes[name]` (T, H, W) and `pts` (T,) int64 in units of the time base."""

    def __init__(self, path: UPath, group: zarr.Group) -> None:
        self.path = path
        self._group = group
        attributes = group.attrs
        try:
            self.pixel_format = PixelFormat.parse(str(attributes["pix_fmt"]))
            self.height = int(str(attributes["height"]))
            self.width = int(str(attributes["width"]))
            self._arrays = {plane: self._array(plane) for plane in self.pixel_format.planes}
            self._pts = self._array("pts")
        except KeyError as error:
            raise StoreError(f"{path} is not a frame store ({error} is missing). Ingest again.") from error

    def _array(self, name: str) -> "zarr.Array[Any]":
        array = self._group[name]
        if not isinstance(array, zarr.Array):
            raise KeyError(name)
        return array

    @classmethod
    def open(cls, path: UPath, *, read_only: bool = True) -> "FrameStore":
        """Open the store at `path`; raises StoreError where there is none."""
        try:
            group = zarr.open_group(zarr_store(path, read_only=read_only), mode="r" if read_only else "r+")
        except FileNotFoundError as error:
            raise StoreError(f"there is no frame store at {path}. Ingest the source first.") from error
        return cls(path, group)

    @classmethod
    def create(cls, path: UPath, pixel_format: PixelFormat, *, height: int, width: int) -> "FrameStore":
        """Make an empty store (T = 0) at `path`, replacing what is there."""
        group = zarr.open_group(
            zarr_store(path),
            mode="w",
            attributes={"pix_fmt": pixel_format.name, "height": height, "width": width},
        )
        frames = shard_frames(pixel_format, height, width)
        for plane in pixel_format.planes:
            rows, columns = pixel_format.plane_shape(plane, height, width)
            group.create_array(
                plane,
                shape=(0, rows, columns),
                chunks=(1, rows, columns),
                shards=(frames, rows, columns),
                dtype=pixel_format.dtype,
                compressors=[compressor(pixel_format.dtype), Crc32cCodec()],
                fill_value=0,
                # All shards of a plane lie flat in its folder: c.<shard>.0.0
                chunk_key_encoding={"name": "default", "separator": "."},
            )
        group.create_array("pts", shape=(0,), chunks=(_PTS_CHUNK,), dtype=np.int64, fill_value=0)
        store = cls(path, group)
        store._sync()
        return store

    @property
    def frame_count(self) -> int:
        """Number of frames T."""
        return int(self._pts.shape[0])

    @property
    def frames_per_shard(self) -> int:
        """Frames in one shard: the unit of writing, and of resuming an ingest."""
        shards = self._arrays[self.pixel_format.planes[0]].shards
        assert shards is not None
        return int(shards[0])

    @property
    def pts(self) -> npt.NDArray[np.int64]:
        """Presentation times (T,), in units of the source's time base."""
        return np.asarray(self._pts[:], dtype=np.int64)

    def read(self, start: int, stop: int, planes: tuple[str, ...] | None = None) -> Planes:
        """Read frames `[start, stop)` of the named planes (all by default)."""
        if not 0 <= start <= stop <= self.frame_count:
            raise ValueError(f"frames [{start}, {stop}) must lie within [0, {self.frame_count}).")
        return {
            plane: np.asarray(self._arrays[plane][start:stop]) for plane in planes or self.pixel_format.planes
        }

    def write(self, start: int, planes: Mapping[str, npt.NDArray[np.unsignedinteger]]) -> None:
        """Write whole frames from `start` on, which must begin a shard; they count after `finish`."""
        with StoreWriter(self, start, threads=1) as writer:
            for index in range(len(next(iter(planes.values())))):
                writer.add({plane: values[index] for plane, values in planes.items()})
                if writer.is_full:
                    writer.take().write()
            if writer.frame_count:
                writer.take().write()

    def finish(self, pts: npt.NDArray[np.int64]) -> None:
        """Set the presentation times, and with them the number of frames T."""
        for array in self._arrays.values():
            array.resize((len(pts), *array.shape[1:]))
        self._pts.resize((len(pts),))
        self._pts[:] = pts
        self._sync()

    def folder(self, plane: str) -> UPath:
        """Where a plane's shards lie."""
        return self.path / plane

    def _sync(self) -> None:
        """Make the store's own documents survive a power cut."""
        if is_local(self.path):
            root = Path(local_path(self.path))
            for name in (*self.pixel_format.planes, "pts", "."):
                for file in (root / name).glob("*.json"):
                    sync_file(str(file))
                sync_folder(root / name)


class Shard:
    """One shard of every plane, complete but for the compression still under way."""

    def __init__(self, store: FrameStore, start: int, planes: Mapping[str, ShardBuilder], count: int) -> None:
        self.start = start
        self.stop = start + count
        self._name = f"c.{start // store.frames_per_shard}.0.0"
        self._folders = {plane: store.folder(plane) for plane in planes}
        self._planes = planes

    def write(self) -> int:
        """Wait for the compression and write; returns the bytes written. Raises OSError."""
        shards = {plane: builder.parts() for plane, builder in self._planes.items()}
        return write_shards(self._folders, self._name, shards)


class StoreWriter:
    """Takes frames one by one and gives shards to write: `add` until `is_full`, then `take`."""

    def __init__(self, store: FrameStore, start: int, *, threads: int) -> None:
        if start % store.frames_per_shard:
            raise ValueError(f"{start = } must be a multiple of {store.frames_per_shard}.")
        self._store = store
        self._start = start
        remove_leftovers(store.folder(plane) for plane in store.pixel_format.planes)
        codec = Blosc(**_codec_settings())
        pending = max(8, 4 * threads) * len(store.pixel_format.planes)
        self._compressor = FrameCompressor(codec.encode, threads=threads, pending=pending)
        self._begin()

    def _begin(self) -> None:
        per_shard = self._store.frames_per_shard
        self._builders = {plane: ShardBuilder(per_shard) for plane in self._store.pixel_format.planes}
        self.frame_count = 0

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self._compressor.close()

    @property
    def is_full(self) -> bool:
        """Whether the shard has all its frames."""
        return self.frame_count == self._store.frames_per_shard

    def add(self, planes: Mapping[str, Plane]) -> None:
        """Take the next frame, planes (H, W) by name; they must not change afterwards."""
        for plane, builder in self._builders.items():
            builder.add(self._compressor.submit(planes[plane]))
        self.frame_count += 1

    def take(self) -> Shard:
        """Hand over the shard as it is (the last one may be short) and begin the next."""
        shard = Shard(self._store, self._start, self._builders, self.frame_count)
        self._start += self.frame_count
        self._begin()
        return shard


def _codec_settings() -> dict[str, object]:
    return {"cname": "lz4", "clevel": 5, "shuffle": Blosc.BITSHUFFLE}


def compressor(dtype: np.dtype[np.unsignedinteger]) -> BloscCodec:
    """Return the codec of picture chunks: chosen by measurement (`bin/bench codec`)."""
    return BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle", typesize=dtype.itemsize)
