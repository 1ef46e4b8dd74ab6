"""Small gray pictures of frames: enough to tell that a lossy master shows every frame in its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from reelfix.io.picture import plane_samples

_SIDE = 16
Thumbnail = npt.NDArray[np.float32]
"""(H, W), each at most 16: mean luma in [0, 1]."""


@dataclass(frozen=True)
class ThumbnailFile:
    """Where ffmpeg is to write thumbnails as raw video, and how large frames are."""

    path: Path
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a thumbnail."""
        return min(_SIDE, self.height), min(_SIDE, self.width)

    @property
    def filters(self) -> str:
        """What makes ffmpeg shrink the luma, its code values not scaled to another range."""
        height, width = self.shape
        return f"extractplanes=y,scale={width}:{height}:flags=area+accurate_rnd,format=gray16le"

    def read(self) -> npt.NDArray[np.float32]:
        """Read what ffmpeg wrote: (T, H, W) in [0, 1]."""
        return np.fromfile(self.path, "<u2").reshape(-1, *self.shape).astype(np.float32) / np.float32(65535)


_FAR = 0.15
"""Mean difference beyond which a decoded frame is not the one that went in: the hardest coding of noise in
the smallest frames loses 0.06."""
_MARGIN = 0.002
"""How much nearer a frame must be to a neighbour than to itself before it is that neighbour."""


def thumbnail(frame: VideoFrame) -> Thumbnail:
    """Average the first plane of a libav frame over a grid, exactly by area."""
    luma = plane_samples(frame, 0).astype(np.float32)
    height, width = luma.shape
    peak = np.float32((1 << frame.format.components[0].bits) - 1)
    return np.asarray(_shares(height) @ luma @ _shares(width).T / peak, np.float32)


@cache
def _shares(size: int) -> npt.NDArray[np.float32]:
    """What part each of `size` lines has in each cell: (cells, size), rows of sum 1."""
    cells = min(_SIDE, size)
    edges = np.arange(cells + 1) * size / cells
    lines = np.arange(size)
    covered = np.minimum(lines + 1, edges[1:, None]) - np.maximum(lines, edges[:-1, None])
    return np.asarray(np.clip(covered, 0, None) * cells / size, np.float32)


def misplaced_frame(found: npt.NDArray[np.float32], meant: Sequence[Thumbnail]) -> str | None:
    """Say which frame is not the one meant to be there, but another; None where all are."""
    for index, (there, here) in enumerate(zip(found, meant, strict=False)):
        distance = _distance(there, here)
        if distance > _FAR:
            return f"frame {index} does not look as meant: its luma is {distance:.3f} off"
        for other in (index - 1, index + 1):
            if 0 <= other < len(meant) and _distance(there, meant[other]) + _MARGIN < distance:
                return f"frame {index} shows what was meant to be frame {other}"
    return None


def _distance(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean())
