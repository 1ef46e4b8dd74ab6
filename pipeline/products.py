"""Products: what stages make, and how each kind is kept in zarr between stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import cv2
import numpy as np
import numpy.typing as npt
import zarr
from numcodecs import Blosc
from upath import UPath
from zarr.codecs import BloscCodec, Crc32cCodec

from reelfix.io.errors import StoreError
from reelfix.io.shard_writer import FrameCompressor, ShardBuilder, remove_leftovers, write_shards
from reelfix.io.storage import zarr_store
from reelfix.pipeline.guide_arrays import pack_film_colours, pack_guides, unpack_film_colours, unpack_guides
from reelfix.pipeline.stage import ClipFormat

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.colour.film_colours import FilmColours
    from reelfix.restoration.colour.guides import Guides

Arrays = dict[str, npt.NDArray[Any]]
"""Array name -> (T, ...) as stored."""

WriteFrames = Callable[[str, int, npt.NDArray[Any]], None]

_COMPRESSOR: Final = "lz4"
_LEVEL: Final = 3
_THREADS = 2

FLOW_UNIT = 32
"""Stored flow is in 1/32 pixel, int16: up to 1023 pixels either way."""

NEUTRAL = 32768
"""Stored chroma where there is no colour."""

LATENT_CHANNELS = 64
"""Channels of a latent: `triplet-compact`'s."""


@dataclass(frozen=True)
class ArraySpec:
    """One zarr array of a product: its name, dtype and the shape of one frame."""

    name: str
    dtype: str
    frame_shape: tuple[int, ...]


@dataclass(frozen=True)
class ProductKind:
    """A kind of product: its arrays, and the way between them and what stages see (`stage.Window`)."""

    arrays: Callable[[ClipFormat], tuple[ArraySpec, ...]]
    encode: Callable[[Any], Arrays]
    decode: Callable[[Arrays, torch.device], Any]


def _frames_arrays(clip: ClipFormat) -> tuple[ArraySpec, ...]:
    return (ArraySpec("frames", "uint16", (clip.channels, clip.height, clip.width)),)


def _encode_frames(frames: torch.Tensor) -> Arrays:
    values = frames.contiguous().cpu().numpy()
    # Scaled, rounded half to even and clipped to [0, 65535] in one pass.
    return {"frames": _scaled(values, 65535.0, cv2.CV_16U)}


def _decode_frames(arrays: Arrays, device: torch.device) -> torch.Tensor:
    import torch

    codes = np.ascontiguousarray(arrays["frames"])
    if device.type != "cpu":
        return torch.from_numpy(codes).to(device).to(torch.float32).div_(65535.0)
    return torch.from_numpy(_scaled(codes, 1 / 65535, cv2.CV_32F))


def _scaled(values: npt.NDArray[Any], factor: float, depth: int) -> npt.NDArray[Any]:
    """Multiply (..., H, W), as one tall picture, into OpenCV's type `depth`."""
    tall: Any = values.reshape(-1, values.shape[-1])
    scaled: Any = cv2.multiply(tall, cast(Any, factor), dtype=depth)
    return np.asarray(scaled).reshape(values.shape)


def _chroma_arrays(clip: ClipFormat) -> tuple[ArraySpec, ...]:
    return (ArraySpec("chroma", "uint16", (2, clip.height, clip.width)),)


def _encode_chroma(chroma: torch.Tensor) -> Arrays:
    values = chroma.contiguous().cpu().numpy()
    # -1 to 1 is 1 to 65535, and no colour 32768 exactly.
    return {"chroma": _scaled(values, 32767.0, cv2.CV_16S).view(np.uint16) ^ np.uint16(NEUTRAL)}


def _decode_chroma(arrays: Arrays, device: torch.device) -> torch.Tensor:
    import torch

    codes = (np.ascontiguousarray(arrays["chroma"]) ^ np.uint16(NEUTRAL)).view(np.int16)
    if device.type != "cpu":
        return torch.from_numpy(codes).to(device).to(torch.float32).div_(32767.0)
    return torch.from_numpy(_scaled(codes, 1 / 32767, cv2.CV_32F))


def _encode_guides(guides: Guides) -> Arrays:
    return pack_guides(guides, 1)


def _encode_film_colours(colours: FilmColours) -> Arrays:
    return pack_film_colours(colours, 1)


def _plain(name: str, dtype: str, frame_shape: Callable[[ClipFormat], tuple[int, ...]]) -> ProductKind:
    """A product that is one tensor, kept as it is."""

    def decode(arrays: Arrays, device: torch.device) -> torch.Tensor:
        import torch

        return torch.from_numpy(np.ascontiguousarray(arrays[name])).to(device)

    return ProductKind(
        arrays=lambda clip: (ArraySpec(name, dtype, frame_shape(clip)),),
        encode=lambda tensor: {name: tensor.cpu().numpy()},
        decode=decode,
    )


def _motion_arrays(clip: ClipFormat) -> tuple[ArraySpec, ...]:
    grid = (-(-clip.height // 2), -(-clip.width // 2))
    return (ArraySpec("flow", "int16", (4, *grid)), ArraySpec("confidence", "uint8", (2, *grid)))


def _encode_motion(motion: Any) -> Arrays:
    import torch

    flow = torch.cat([motion.forward, motion.backward], dim=1)  # Tx4xhxw
    confidence = torch.cat([motion.forward_confidence, motion.backward_confidence], dim=1)  # Tx2xhxw
    return {
        "flow": (flow * FLOW_UNIT).round_().clamp_(-32768, 32767).to(torch.int16).cpu().numpy(),
        "confidence": (confidence * 255.0).round_().clamp_(0, 255).to(torch.uint8).cpu().numpy(),
    }


def _decode_motion(arrays: Arrays, device: torch.device) -> Any:
    import torch

    from reelfix.restoration.motion import Motion

    flow = torch.from_numpy(np.ascontiguousarray(arrays["flow"])).to(device, torch.float32).div_(FLOW_UNIT)
    confidence = (
        torch.from_numpy(np.ascontiguousarray(arrays["confidence"])).to(device, torch.float32).div_(255)
    )
    return Motion(
        forward=flow[:, :2],
        backward=flow[:, 2:],
        forward_confidence=confidence[:, :1],
        backward_confidence=confidence[:, 1:],
    )


def _latent_shape(clip: ClipFormat) -> tuple[int, int, int]:
    """One latent for 4 x 4 pixels of a frame that was padded to multiples of 16."""
    return (LATENT_CHANNELS, 4 * -(-clip.height // 16), 4 * -(-clip.width // 16))


def _grain_shape(clip: ClipFormat) -> tuple[int, ...]:
    from reelfix.restoration.grain_profile import profile_size

    return (profile_size(clip.channels),)


PRODUCTS: Mapping[str, ProductKind] = {
    "frames": ProductKind(_frames_arrays, _encode_frames, _decode_frames),
    "grainy": ProductKind(_frames_arrays, _encode_frames, _decode_frames),
    "chroma": ProductKind(_chroma_arrays, _encode_chroma, _decode_chroma),
    "guides": ProductKind(lambda clip: (), _encode_guides, unpack_guides),
    "film_colours": ProductKind(lambda clip: (), _encode_film_colours, unpack_film_colours),
    "mask": _plain("mask", "uint8", lambda clip: (2, clip.height, clip.width)),
    "user_mask": _plain("user_mask", "uint8", lambda clip: (3, clip.height, clip.width)),
    "track": _plain("track", "float32", lambda clip: (2, 2, 5)),
    "grain_profile": _plain("grain_profile", "float32", _grain_shape),
    "latent": _plain("latent", "float16", _latent_shape),
    "motion": ProductKind(_motion_arrays, _encode_motion, _decode_motion),
}


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
