"""Products: what stages make, and how each kind is kept in zarr between stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.guide_arrays import pack_film_colours, pack_guides, unpack_film_colours, unpack_guides
from reelfix.pipeline.product_store import ArraySpec, ProductStore, WriteFrames
from reelfix.pipeline.stage import ClipFormat

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.colour.film_colours import FilmColours
    from reelfix.restoration.colour.guides import Guides

__all__ = [
    "FLOW_UNIT",
    "LATENT_CHANNELS",
    "NEUTRAL",
    "PRODUCTS",
    "ArraySpec",
    "Arrays",
    "ProductKind",
    "ProductStore",
    "WriteFrames",
]

Arrays = dict[str, npt.NDArray[Any]]
"""Array name -> (T, ...) as stored."""

FLOW_UNIT = 32
"""Stored flow is in 1/32 pixel, int16: up to 1023 pixels either way."""

NEUTRAL = 32768
"""Stored chroma where there is no colour."""

LATENT_CHANNELS = 64
"""Channels of a latent: `triplet-compact`'s."""


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
