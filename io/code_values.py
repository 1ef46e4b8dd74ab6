"""Code values turned in whole numbers, rounded, where libswscale is less exact: ranges, depths, gray.

libswscale turns full range into limited through 15 bits a sample and cuts off: on the way from 8-bit 4:4:4
to 10-bit 4:2:2, luma comes out 1.28 codes of 10 bits too low on the average (3 at most), chroma 0.48 too
high (2.2 at most). By these tables no sample is more than half a code off, to either side alike: the mean of
a ramp is exact, that of a pale picture, whose 8-bit chroma has few values, is some 0.2 off. What libswscale
does between depths of one range is left to it: to more bits it is exact, to fewer it dithers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from av.video.format import VideoFormat

from reelfix.io.pixel_format import PixelFormat

Picture = Mapping[str, npt.NDArray[np.unsignedinteger]]
"""Plane name -> (H, W) of one frame."""

_Table = npt.NDArray[np.uint16]
"""A code value of the target for every one of the source."""


def narrowed_format(source: PixelFormat, target: PixelFormat) -> PixelFormat:
    """Return the Y'CbCr format in which full-range `source` is made limited on its way to `target`.

    With the source's chroma samples, and the deeper of both depths where ffmpeg has such a format.
    """
    sampled = re.sub(r"^yuvj?(\d+)p.*", r"yuv\1p", source.name)
    deeper = _named(sampled, max(source.depth, target.depth))
    return PixelFormat.parse(deeper if _is_known(deeper) else _named(sampled, source.depth))


def _named(sampled: str, depth: int) -> str:
    return sampled if depth == 8 else f"{sampled}{depth}le"


def _is_known(name: str) -> bool:
    try:
        VideoFormat(name)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class LimitedRange:
    """The way from gray or Y'CbCr to limited-range Y'CbCr with the same samples (gray's: neutral chroma)."""

    target: PixelFormat
    luma: _Table
    chroma: _Table

    @classmethod
    def of(cls, source: PixelFormat, target: PixelFormat, *, is_full: bool) -> "LimitedRange":
        """Make the tables; `is_full`: whether the source's code values are of full range."""
        values = np.arange(source.peak + 1, dtype=np.int64)
        if not is_full:
            same = _shifted(values, source.depth, target.depth)
            return cls(target, same, same)
        unit, neutral = 1 << (target.depth - 8), (source.peak + 1) // 2
        luma = 16 * unit + _divided(values * 219 * unit, source.peak)
        chroma = 128 * unit + _divided((values - neutral) * 224 * unit, source.peak)
        return cls(target, luma.astype(np.uint16), chroma.astype(np.uint16))

    def convert(self, picture: Picture) -> Picture:
        """Turn one frame's planes."""
        if "gray" in picture:
            height, width = picture["gray"].shape
            shape = self.target.plane_shape("u", height, width)
            neutral = np.full(shape, 1 << (self.target.depth - 1), self.target.dtype)
            return {"y": self._looked_up(self.luma, picture["gray"]), "u": neutral, "v": neutral}
        tables = {"y": self.luma, "u": self.chroma, "v": self.chroma}
        return {name: self._looked_up(tables[name], values) for name, values in picture.items()}

    def _looked_up(
        self, table: _Table, values: npt.NDArray[np.unsignedinteger]
    ) -> npt.NDArray[np.unsignedinteger]:
        found: npt.NDArray[np.unsignedinteger] = table[values].astype(self.target.dtype, copy=False)
        return found


def widen(picture: Picture, source: PixelFormat, target: PixelFormat) -> Picture:
    """Scale code values in proportion, peak to peak, rounded: to go back, scale and round again."""
    if source.depth == target.depth:
        return picture
    return {
        name: ((values.astype(np.uint32) * target.peak + source.peak // 2) // source.peak).astype(np.uint16)
        for name, values in picture.items()
    }


def _divided(values: npt.NDArray[np.int64], divisor: int) -> npt.NDArray[np.int64]:
    """Divide, rounded to the nearest whole number."""
    return (2 * values + divisor) // (2 * divisor)


def _shifted(values: npt.NDArray[np.int64], depth: int, target: int) -> _Table:
    """Code values of one depth at another, of the same range: times or by a power of two, rounded."""
    if target >= depth:
        return np.asarray(values << (target - depth), dtype=np.uint16)
    rounded = _divided(values, 1 << (depth - target))
    return np.minimum(rounded, (1 << target) - 1).astype(np.uint16)
