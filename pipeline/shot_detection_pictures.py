"""Frames as the search for shots sees them: small and without shading, so that flicker is no change."""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.io.frame_store import FrameStore, Planes
from reelfix.pipeline.pixels import PixelMap

Detail = npt.NDArray[np.float32]
"""(_HEIGHT, _WIDTH): what is left of a small picture without its shading."""

_WIDTH, _HEIGHT = 64, 48
"""Few enough pixels that dirt, grain and weave are gone; composition is not."""
_READ_BYTES = 32 * 2**20


def details(store: FrameStore, pixel_map: PixelMap) -> Iterator[Detail]:
    """Yield every frame's detail, reading a few frames at a time."""
    step = max(
        1,
        min(store.frames_per_shard, _READ_BYTES // store.pixel_format.frame_bytes(store.height, store.width)),
    )
    names = ("g", "b", "r") if store.pixel_format.planes == ("g", "b", "r") else store.pixel_format.planes[:1]
    if pixel_map.is_monochrome:
        names = names[:1]
    for start in range(0, store.frame_count, step):
        planes = store.read(start, min(start + step, store.frame_count), names)
        for index in range(len(planes[names[0]])):
            yield detail_of(_small_luma(planes, index, pixel_map))


def _small_luma(planes: Planes, index: int, pixel_map: PixelMap) -> npt.NDArray[np.float32]:
    """Luma of one frame in [0, 1], reduced."""
    small = {
        name: shrunk(values[index]) / np.float32(pixel_map.pixel_format.peak)
        for name, values in planes.items()
    }
    if len(small) == 1:
        return next(iter(small.values()))
    red, blue = pixel_map.red_weight, pixel_map.blue_weight
    luma = red * small["r"] + (1 - red - blue) * small["g"] + blue * small["b"]
    return np.asarray(luma, dtype=np.float32)


def shrunk(plane: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.float32]:
    """Reduce a plane (H, W) to the size that shots are looked for in."""
    reduced = cv2.resize(plane, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, dtype=np.float32)


def detail_of(luma: npt.NDArray[np.float32]) -> Detail:
    """Take the broad shading off a small picture in [0, 1].

    Linear, so that a dissolve of two pictures is one of their details; what uneven light adds is gone, and
    what it multiplies by leaves the correlation of two details nearly as it was.
    """
    soft = cv2.GaussianBlur(luma, (0, 0), 1.2, borderType=cv2.BORDER_REFLECT_101)
    shading = cv2.GaussianBlur(soft, (0, 0), 16.0, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(soft - shading, dtype=np.float32)
