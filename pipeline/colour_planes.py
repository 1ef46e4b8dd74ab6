"""Planes of a master in colour: the restored film's own, with chroma as stages make it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reelfix.io.frame_store import Planes
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.source_info import VideoStream
from reelfix.pipeline.pixels import Codes, PixelMap, matrix_of
from reelfix.pipeline.products import NEUTRAL

_UNIT = np.float32(1 / 32767)
"""One code of chroma between stages, as a share of the source's peak."""

_SAME = 2
"""Codes of chroma that two ways of computing the same may lie apart."""

ChromaCodes = npt.NDArray[np.uint16]
"""Chroma between stages: (T, 2, H, W), planes B'-Y' and R'-Y', 32768 + 32767 being the source's peak."""


def colour_stream(video: VideoStream) -> VideoStream:
    """Return a picture stream as a master in colour has it.

    Gray becomes Y'CbCr 4:4:4 of the same depth and range, its range and matrix said; Y'CbCr keeps its format,
    and says its matrix; R, G, B stays as it is.
    """
    gray = video.pixel_format.planes == ("gray",)
    if not gray and not video.pixel_format.is_yuv:
        return video
    changes = {"color_matrix": matrix_of(video)}
    if gray:
        name = "yuv444p" + video.store_pix_fmt.removeprefix("gray")
        limited = video.color_range == "tv"
        changes |= {"pix_fmt": name, "store_pix_fmt": name, "color_range": "tv" if limited else "pc"}
    return video.model_copy(update=changes)


@dataclass(frozen=True)
class ColourPlanes:
    """The way from planes as the source has them, and chroma, to the planes of a master in colour."""

    source: PixelFormat
    pixel_map: PixelMap
    """Of the master's format, read as colour."""
    is_monochrome: bool
    """Whether luma is the source's first plane: of R, G, B, too."""

    @classmethod
    def of(cls, video: VideoStream, *, is_monochrome: bool) -> "ColourPlanes":
        """Read the way off the source's picture stream."""
        return cls(video.pixel_format, PixelMap.of(colour_stream(video), is_monochrome=False), is_monochrome)

    @property
    def pixel_format(self) -> PixelFormat:
        """The master's."""
        return self.pixel_map.pixel_format

    def plain(self, planes: Planes) -> Planes:
        """Return planes (T, H, W) with the chroma they have; those of gray film with none."""
        if "gray" not in planes:
            return planes
        neutral = np.full_like(planes["gray"], self._neutral)
        return {"y": planes["gray"], "u": neutral, "v": neutral}

    def coloured(self, planes: Planes, chroma: ChromaCodes, frames: Codes) -> Planes:
        """Return planes (T, H, W) with `chroma` in place of any they have; luma keeps its bits.

        `frames`: what the planes were made of, (T, C, H, W): where `chroma` is their own, the planes keep
        their bits. Of R, G, B luma is kept as closely as code values allow; what they cannot hold is clipped.
        """
        made = {name: np.empty_like(values) for name, values in self.plain(planes).items()}
        if self.pixel_format.is_yuv:
            made["y"] = planes[self.source.planes[0]]
        for index in range(len(chroma)):
            blue, red = (self._differences(plane) for plane in chroma[index])
            if self.pixel_format.is_yuv:
                found = {
                    "u": self._sampled(blue, self.pixel_map.blue_gain),
                    "v": self._sampled(red, self.pixel_map.red_gain),
                }
            else:
                luma = self._luma({name: values[index] for name, values in planes.items()})
                found = self._rgb(luma, blue, red)
            kept = None if frames.shape[1] == 1 else self._own(chroma[index], frames[index])
            for name, values in found.items():
                self._store(values, made[name][index])
                if kept is not None:
                    np.copyto(made[name][index], planes[name][index], where=kept)
        return made

    def _own(self, chroma: npt.NDArray[np.uint16], frame: Codes) -> npt.NDArray[np.bool_]:
        """Where chroma (2, H, W) is that of the frame (3, H, W) itself, on the grid of the chroma planes."""
        own = chroma_of(frame[None], self.pixel_map.red_weight, self.pixel_map.blue_weight)[0]
        apart = np.abs(chroma.astype(np.int32) - own).max(axis=0).astype(np.float32)
        return np.asarray(self.pixel_map.grid.downsample(apart) <= _SAME)

    @cached_property
    def _neutral(self) -> int:
        return (self.pixel_format.peak + 1) // 2

    def _differences(self, plane: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
        """One plane of chroma (H, W) as differences from luma, in code values of the master."""
        values = plane.astype(np.float32)
        values -= np.float32(NEUTRAL)
        values *= _UNIT * np.float32(self.pixel_format.peak)
        return values

    def _sampled(self, difference: npt.NDArray[np.float32], gain: float) -> npt.NDArray[np.float32]:
        """B'-Y' or R'-Y' on the luma's grid as Cb or Cr on the chroma's."""
        values = self.pixel_map.grid.downsample(difference) * np.float32(1 / gain)
        values += np.float32(self._neutral)
        return values

    def _luma(self, planes: dict[str, npt.NDArray[np.unsignedinteger]]) -> npt.NDArray[np.float32]:
        """Luma (H, W) of R, G, B planes, in code values."""
        luma = planes["g"].astype(np.float32)
        if self.is_monochrome:
            return luma
        red, blue = np.float32(self.pixel_map.red_weight), np.float32(self.pixel_map.blue_weight)
        luma *= 1 - red - blue
        luma += planes["r"] * red
        luma += planes["b"] * blue
        return luma

    def _rgb(
        self, luma: npt.NDArray[np.float32], blue: npt.NDArray[np.float32], red: npt.NDArray[np.float32]
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Luma and its differences, all (H, W), as R, G, B."""
        weights = self.pixel_map.red_weight, self.pixel_map.blue_weight
        green = luma - (red * np.float32(weights[0]) + blue * np.float32(weights[1])) / np.float32(
            1 - sum(weights)
        )
        return {"g": green, "b": luma + blue, "r": luma + red}

    def _store(self, values: npt.NDArray[np.float32], plane: npt.NDArray[np.unsignedinteger]) -> None:
        """Round and clip to code values."""
        np.rint(values, out=values)
        np.clip(values, 0, self.pixel_format.peak, out=values)
        plane[...] = values


def chroma_of(frames: Codes, red_weight: float, blue_weight: float) -> ChromaCodes:
    """Return the chroma (T, 2, H, W) that frames in R, G, B (T, 3, H, W) have themselves."""
    values = frames.astype(np.float32)
    luma = (
        values[:, 0] * np.float32(red_weight)
        + values[:, 1] * np.float32(1 - red_weight - blue_weight)
        + values[:, 2] * np.float32(blue_weight)
    )
    differences = np.stack([values[:, 2] - luma, values[:, 0] - luma], axis=1) * np.float32(32767 / 65535)
    return np.asarray(np.rint(differences) + NEUTRAL, dtype=np.uint16)


def codes_in_colour(frames: Codes, chroma: ChromaCodes, red_weight: float, blue_weight: float) -> Codes:
    """Return frames (T, C, H, W) with chroma (T, 2, H, W) as R, G, B (T, 3, H, W), to look at."""
    values = frames.astype(np.float32)
    weights = np.array([red_weight, 1 - red_weight - blue_weight, blue_weight], np.float32)
    luma = values[:, 0] if frames.shape[1] == 1 else np.einsum("tchw,c->thw", values, weights)
    scale = _UNIT * np.float32(65535)
    blue, red = ((chroma[:, place].astype(np.float32) - NEUTRAL) * scale for place in (0, 1))
    green = -(weights[0] * red + weights[2] * blue) / weights[1]
    picture = np.stack([luma + red, luma + green, luma + blue], axis=1)
    return np.asarray(np.clip(np.rint(picture), 0, 65535), dtype=np.uint16)
