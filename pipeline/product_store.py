"""The arrays of products in zarr: one stage's, for one shot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import zarr
from numcodecs import Blosc
from upath import UPath
from zarr.codecs import BloscCodec, Crc32cCodec

from reelfix.io.errors import StoreError
from reelfix.io.shard_writer import FrameCompressor, ShardBuilder, remove_leftovers, write_shards
from reelfix.io.storage import zarr_store

WriteFrames = Callable[[str, int, npt.NDArray[Any]], None]

_COMPRESSOR: Final = "lz4"
_LEVEL: Final = 3
_THREADS = 2


@dataclass(frozen=True)
class ArraySpec:
    """One zarr array of a product: its name, dtype and the shape of one frame."""

    name: str
    dtype: str
    frame_shape: tuple[int, ...]


class ProductStore:
    """The arrays of one stage's products for one shot: `products.zarr` in the products' folder.

    Frames are counted from the shot's first. A shard holds one window: it has one writer, and is put whole.
    """

    def __init__(self, path: UPath, group: zarr.Group) -> None:
        self._path = path
        self._group = group
        self._arrays: dict[str, zarr.Array[Any]] = {}

    @classmethod
    def create(
        cls, folder: UPath, specs: tuple[ArraySpec, ...], *, frame_count: int, window_frames: int
    ) -> ProductStore:
        """Make the arrays, empty, in place of any that are there."""
        path = folder / "products.zarr"
        group = zarr.open_group(zarr_store(path), mode="w")
        for spec in specs:
            dtype = np.dtype(spec.dtype)
            group.create_array(
                spec.name,
                shape=(frame_count, *spec.frame_shape),
                chunks=(1, *spec.frame_shape),
                shards=(window_frames, *spec.frame_shape),
                dtype=dtype,
                compressors=[
                    BloscCodec(
                        cname=_COMPRESSOR, clevel=_LEVEL, shuffle="bitshuffle", typesize=dtype.itemsize
                    ),
                    Crc32cCodec(),
                ],
                fill_value=0,
                # All shards of an array lie flat in its folder: c.<shard>.0.0.0
                chunk_key_encoding={"name": "default", "separator": "."},
            )
        return cls(path, group)

    @classmethod
    def open(cls, folder: UPath) -> ProductStore:
        """Open the arrays in `folder`; raises StoreError where there are none."""
        path = folder / "products.zarr"
        try:
            group = zarr.open_group(zarr_store(path, read_only=True), mode="r")
        except FileNotFoundError as error:
            raise StoreError(f"there are no products in {folder}. Run the stage again.") from error
        return cls(path, group)

    @classmethod
    def open_or_create(
        cls, folder: UPath, specs: tuple[ArraySpec, ...], *, frame_count: int, window_frames: int
    ) -> ProductStore:
        """Open the arrays where they are there as declared, whatever they hold; else make them, empty.

        They are not emptied: a worker that outlived its run may be at them still, and commit what it wrote.
        """
        try:
            store = cls.open(folder)
            if store._is_for(specs, frame_count, window_frames):
                return store
        except (StoreError, ValueError, TypeError):
            pass  # Half made, or not to be read.
        return cls.create(folder, specs, frame_count=frame_count, window_frames=window_frames)

    def _is_for(self, specs: tuple[ArraySpec, ...], frame_count: int, window_frames: int) -> bool:
        """Whether the arrays are those that `create` would make."""
        if set(self._group.array_keys()) != {spec.name for spec in specs}:
            return False
        found = {spec: self._array(spec.name) for spec in specs}
        return all(
            array.shape == (frame_count, *spec.frame_shape)
            and array.shards == (window_frames, *spec.frame_shape)
            and array.dtype == np.dtype(spec.dtype)
            for spec, array in found.items()
        )

    def _array(self, name: str) -> zarr.Array[Any]:
        if name not in self._arrays:
            array = self._group[name]
            if not isinstance(array, zarr.Array):
                raise StoreError(f"{name} in {self._path} is not an array. Run the stage again.")
            self._arrays[name] = array
        return self._arrays[name]

    def read(self, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        """Read frames `[start, stop)` of the array `name`."""
        return np.asarray(self._array(name)[start:stop])

    @contextmanager
    def writer(self) -> Iterator[WriteFrames]:
        """Give a function that writes whole shards: `write(name, start, frames)`.

        Its frames are compressed beside each other, the shard appears whole or not at all and, on a local
        disk, durable. Raises OSError, or StoreError for frames that are not as the array was declared.
        """
        remove_leftovers(self._path / name for name in self._group.array_keys())
        codec = Blosc(cname=_COMPRESSOR, clevel=_LEVEL, shuffle=Blosc.BITSHUFFLE)
        compressor = FrameCompressor(codec.encode, threads=_THREADS, pending=64)

        def write(name: str, start: int, frames: npt.NDArray[Any]) -> None:
            array = self._array(name)
            if frames.shape[1:] != array.shape[1:] or frames.dtype != array.dtype:
                raise StoreError(
                    f"{name} was made with frames of {frames.shape[1:]} {frames.dtype}, and its array in "
                    f"{self._path} is declared with {array.shape[1:]} {array.dtype}."
                )
            assert array.shards is not None
            shard = ShardBuilder(array.shards[0])
            for frame in frames:
                shard.add(compressor.submit(frame))
            place = ".".join(["c", str(start // array.shards[0]), *("0" for _ in frames.shape[1:])])
            write_shards({name: self._path / name}, place, {name: shard.parts()})

        try:
            yield write
        finally:
            compressor.close()
