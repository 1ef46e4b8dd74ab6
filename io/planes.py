"""From a decoder's picture to the planes that the store keeps, without touching a code value."""

import av.video.frame
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from reelfix.io.pixel_format import PixelFormat, StorePath

FramePlanes = dict[str, npt.NDArray[np.unsignedinteger]]
"""Plane name -> (H, W) of one frame, uint8 or uint16."""


class PlaneReader:
    """Takes pictures of one pixel format apart.

    Planar formats are read as they lie, alpha left out. Packed, palette and big-endian ones go through
    swscale to the planar, little-endian format of the same code values: a reordering, no arithmetic on them.
    """

    def __init__(self, path: StorePath) -> None:
        self._path = path
        self._reformatter = VideoReformatter()

    def read(self, frame: av.video.frame.VideoFrame) -> FramePlanes:
        """Return the planes of `frame`: views of its memory, which live as long as they are held."""
        target = self._path.format
        # swscale drops alpha from some formats by way of another colour space: there alpha is left lying.
        lying = self._path.planar_with_alpha or target.name
        if frame.format.name != lying:
            frame = self._reformatter.reformat(frame, format=lying, threads=1)
        return {name: _view(frame, index, name, target) for index, name in enumerate(target.planes)}


def _view(
    frame: av.video.frame.VideoFrame, index: int, name: str, target: PixelFormat
) -> npt.NDArray[np.unsignedinteger]:
    plane = frame.planes[index]
    rows, columns = target.plane_shape(name, frame.height, frame.width)
    line_bytes = abs(plane.line_size)
    lines = np.frombuffer(memoryview(plane), dtype=np.uint8, count=rows * line_bytes).reshape(
        rows, line_bytes
    )
    if plane.line_size < 0:
        lines = lines[::-1]
    samples: npt.NDArray[np.unsignedinteger] = lines[:, : columns * target.dtype.itemsize].view(target.dtype)
    return samples
