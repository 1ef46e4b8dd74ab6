"""Between the source's planes and the tensors that stages work on.

A stage sees code values as the source has them, scaled to [0, 1]: luma alone for a monochrome source, else
R, G, B. R, G, B of a Y'CbCr source keep the luma's own scale (a neutral pixel has R = G = B = Y'), so that
head and foot room survive and a monochrome and a colour reading of the same film agree.
Between stages a frame is stored as uint16, 65535 being the source's peak code value.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reelfix.io.frame_store import Planes
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.source_info import VideoStream
from reelfix.pipeline.chroma import Axis, ChromaGrid

Codes = npt.NDArray[np.uint16]
"""Frames between stages: (T, C, H, W), 65535 = the source's peak."""

Samples = npt.NDArray[np.unsignedinteger]
"""One plane of one frame: (H, W), uint8 or uint16."""
Picture = dict[str, Samples]
"""Plane name -> (H, W) of one frame."""

_STRIP = 32
"""Rows worked on at a time: they stay in the processor's cache."""

# Luma weights of red and blue (ITU-R BT.601-7, BT.709-6, BT.2020-2, SMPTE ST 240), by ffmpeg's names.
_LUMA_WEIGHTS = {
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020nc": (0.2627, 0.0593),
    "bt2020c": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}
_SD_HEIGHT = 576


def matrix_of(video: VideoStream) -> str:
    """Name the matrix of a stream's Y'CbCr, as tagged; untagged: BT.601 up to 576 lines, BT.709 above."""
    if video.color_matrix in _LUMA_WEIGHTS:
        return video.color_matrix
    return "smpte170m" if video.height <= _SD_HEIGHT else "bt709"


def is_limited_range(video: VideoStream) -> bool:
    """Say whether code values have head and foot room that a screen does not show."""
    if video.color_range == "pc" or video.pix_fmt.startswith("yuvj"):
        return False
    return video.color_range == "tv" or video.pixel_format.is_yuv


def black_and_white(video: VideoStream) -> tuple[float, float]:
    """Return where black and white lie on a stage frame's scale, whose 1 is the peak code value."""
    if not is_limited_range(video):
        return 0.0, 1.0
    unit, peak = 1 << (video.pixel_format.depth - 8), video.pixel_format.peak
    return 16 * unit / peak, 235 * unit / peak


@dataclass(frozen=True)
class PixelMap:
    """The way between planes of one format and stage frames."""

    pixel_format: PixelFormat
    is_monochrome: bool
    red_weight: float
    blue_weight: float
    chroma_scale: float
    """Ratio of the luma's code range to the chroma's: 1 for full range, 219/224 for limited."""
    offset_y: float = 0.5
    """Vertical place of a chroma sample between its luma samples: 0 top, 0.5 centre."""
    offset_x: float = 0.0
    """Horizontal place: 0 left, 0.5 centre."""

    @classmethod
    def of(cls, video: VideoStream, *, is_monochrome: bool) -> "PixelMap":
        """Read the map off a stream's tags; untagged: BT.601 up to 576 lines, BT.709 above, limited range."""
        weights = _LUMA_WEIGHTS[matrix_of(video)]
        full = video.color_range == "pc" or video.pix_fmt.startswith("yuvj")
        location = video.chroma_location
        return cls(
            pixel_format=video.pixel_format,
            is_monochrome=is_monochrome,
            red_weight=weights[0],
            blue_weight=weights[1],
            chroma_scale=1.0 if full else 219 / 224,
            offset_y={"topleft": 0.0, "top": 0.0, "bottomleft": 1.0, "bottom": 1.0}.get(location, 0.5),
            offset_x=0.5 if location in ("center", "top", "bottom") else 0.0,
        )

    @property
    def planes_read(self) -> tuple[str, ...]:
        """The planes that stage frames are made of."""
        return self.pixel_format.planes[:1] if self.is_monochrome else self.pixel_format.planes

    @cached_property
    def grid(self) -> ChromaGrid:
        """How chroma samples lie on the luma's."""
        shape = self.pixel_format
        return ChromaGrid(
            Axis(shape.log2_chroma_height, self.offset_y), Axis(shape.log2_chroma_width, self.offset_x)
        )

    def to_codes(self, planes: Planes) -> Codes:
        """Planes (T, H, W) to stage frames (T, C, H, W)."""
        peak = self.pixel_format.peak
        if self.is_monochrome:
            return _scaled(planes[self.pixel_format.planes[0]], peak)[:, None]
        if not self.pixel_format.is_yuv:
            return np.stack([_scaled(planes[name], peak) for name in ("r", "g", "b")], axis=1)
        luma = planes["y"]
        count, height, width = luma.shape
        codes = np.empty((count, 3, height, width), np.uint16)
        for index in range(count):
            self._write_rgb(luma[index], planes["u"][index], planes["v"][index], codes[index])
        return codes

    def _write_rgb(self, luma: Samples, u: Samples, v: Samples, codes: npt.NDArray[np.uint16]) -> None:
        """Y', Cb, Cr of one frame to R, G, B codes (3, H, W): B = Y' + gain Cb, R = Y' + gain Cr."""
        height, width = luma.shape
        scale = 65535 / self.pixel_format.peak
        green_weight = 1 - self.red_weight - self.blue_weight
        neutral = (self.pixel_format.peak + 1) // 2
        blue = self.grid.upsample(_centred(u, neutral, self.blue_gain * scale), height, width)
        red = self.grid.upsample(_centred(v, neutral, self.red_gain * scale), height, width)
        for top in range(0, height, _STRIP):
            strip = slice(top, top + _STRIP)
            y = luma[strip] * np.float32(scale)
            y += np.float32(0.5)
            r, b = red[strip], blue[strip]
            _store(y + r, codes[0, strip])
            _store(y + b, codes[2, strip])
            r *= np.float32(-self.red_weight / green_weight)
            b *= np.float32(-self.blue_weight / green_weight)
            r += b
            r += y
            _store(r, codes[1, strip])

    @property
    def blue_gain(self) -> float:
        """B - Y' per code value of Cb."""
        return 2 * (1 - self.blue_weight) * self.chroma_scale

    @property
    def red_gain(self) -> float:
        """R - Y' per code value of Cr."""
        return 2 * (1 - self.red_weight) * self.chroma_scale

    def apply_change(self, planes: Planes, before: Codes, after: Codes) -> Planes:
        """Carry a change of stage frames over to planes: `planes + round(planes(after) - planes(before))`.

        A sample under which nothing changed keeps the source's own bits; results are clipped to code values.
        """
        changed = {name: values.copy() for name, values in planes.items()}
        for index in range(len(before)):
            box = self._changed_box(before[index], after[index])
            if box is not None:
                self._change_frame(
                    {name: values[index] for name, values in changed.items()},
                    before[index],
                    after[index],
                    box,
                )
        return changed

    def _changed_box(self, before: Codes, after: Codes) -> tuple[slice, slice] | None:
        """Rows and columns that hold all that differs, whole chroma steps, with two such steps around."""
        differs: npt.NDArray[np.bool_] = np.any(before != after, axis=0)  # HxW
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if not len(rows):
            return None
        return (
            _around(rows, 1 << self.pixel_format.log2_chroma_height, differs.shape[0]),
            _around(columns, 1 << self.pixel_format.log2_chroma_width, differs.shape[1]),
        )

    def _change_frame(self, planes: Picture, before: Codes, after: Codes, box: tuple[slice, slice]) -> None:
        """Change one frame's planes (H, W) in place, within `box` of the luma's grid."""
        unit = np.float32(self.pixel_format.peak / 65535)
        delta = after[:, *box].astype(np.float32)
        delta -= before[:, *box]
        delta *= unit
        rows, columns = self.pixel_format.log2_chroma_height, self.pixel_format.log2_chroma_width
        for name, change in self._plane_changes(delta).items():
            place = box
            if name in ("u", "v"):
                place = (_shrunk(box[0], rows), _shrunk(box[1], columns))
            target = planes[name][place]
            np.rint(change, out=change)
            change += target
            np.clip(change, 0, self.pixel_format.peak, out=change)
            target[...] = change

    def _plane_changes(self, delta: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
        """Change (C, H, W) of a stage frame, in code values, to changes of planes."""
        if self.is_monochrome:
            # Of a neutral R, G, B all three change alike, or it would not stay so.
            alike = self.pixel_format.planes[: 1 if self.pixel_format.is_yuv else None]
            return {name: delta[0].copy() for name in alike}
        red, green, blue = delta
        if not self.pixel_format.is_yuv:
            return {"r": red, "g": green, "b": blue}
        y = green * np.float32(1 - self.red_weight - self.blue_weight)
        y += red * np.float32(self.red_weight)
        y += blue * np.float32(self.blue_weight)
        red -= y
        blue -= y
        v, u = self.grid.downsample(red), self.grid.downsample(blue)
        v *= np.float32(1 / self.red_gain)
        u *= np.float32(1 / self.blue_gain)
        return {"y": y, "u": u, "v": v}


def _centred(chroma: Samples, neutral: int, gain: float) -> npt.NDArray[np.float32]:
    """Chroma code values as signed differences, times `gain`."""
    values = chroma.astype(np.float32)
    values -= np.float32(neutral)
    values *= np.float32(gain)
    return values


def _store(values: npt.NDArray[np.float32], codes: npt.NDArray[np.uint16]) -> None:
    """Clip to 0..65535 and cut off what is left of the half added for rounding."""
    np.clip(values, 0, 65535, out=values)
    codes[...] = values


def _around(places: npt.NDArray[np.intp], step: int, size: int) -> slice:
    """The range of `places`, widened to whole steps and by two more on each side, within `[0, size)`."""
    margin = 2 * step
    start = (int(places[0]) // step) * step - margin
    stop = (int(places[-1]) // step + 1) * step + margin
    return slice(max(start, 0), min(stop, size))


def _shrunk(luma: slice, log2_step: int) -> slice:
    """The chroma samples of a range of luma samples that begins on a whole step."""
    return slice(luma.start >> log2_step, -(-luma.stop >> log2_step))


def _scaled(values: npt.NDArray[np.unsignedinteger], peak: int) -> Codes:
    """Scale code values to 0..65535, rounded."""
    if peak == 65535:
        return values.astype(np.uint16)
    if peak == 255:
        return values.astype(np.uint16) * np.uint16(257)
    return ((values.astype(np.uint32) * 65535 + peak // 2) // peak).astype(np.uint16)
