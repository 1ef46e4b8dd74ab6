"""Between the source's planes and the tensors that stages work on.

A stage sees code values as the source has them, scaled to [0, 1]: luma alone for a monochrome source, else
R, G, B. R, G, B of a Y'CbCr source keep the luma's own scale (a neutral pixel has R = G = B = Y'), so that
head and foot room survive and a monochrome and a colour reading of the same film agree.
Between stages a frame is stored as uint16, 65535 being the source's peak code value.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.io.frame_store import Planes
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.source_info import VideoStream

Codes = npt.NDArray[np.uint16]
"""Frames between stages: (T, C, H, W), 65535 = the source's peak."""

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
        weights = _LUMA_WEIGHTS.get(video.color_matrix)
        if weights is None:
            weights = _LUMA_WEIGHTS["smpte170m" if video.height <= _SD_HEIGHT else "bt709"]
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

    def to_codes(self, planes: Planes) -> Codes:
        """Planes (T, H, W) to stage frames (T, C, H, W)."""
        scale = 65535 / self.pixel_format.peak
        if self.is_monochrome:
            return _scaled(planes[self.pixel_format.planes[0]], self.pixel_format.peak)[:, None]
        if not self.pixel_format.is_yuv:
            channels = [_scaled(planes[name], self.pixel_format.peak) for name in ("r", "g", "b")]
            return np.stack(channels, axis=1)
        luma = planes["y"]
        count, height, width = luma.shape
        codes = np.empty((count, 3, height, width), np.uint16)
        neutral = (self.pixel_format.peak + 1) // 2
        for index in range(count):
            y = luma[index].astype(np.float32)
            cb = self._upsampled(planes["u"][index].astype(np.float32) - neutral, height, width)
            cr = self._upsampled(planes["v"][index].astype(np.float32) - neutral, height, width)
            for channel, plane in enumerate(self._rgb(y, cb, cr)):
                codes[index, channel] = np.clip(plane * scale + 0.5, 0, 65535).astype(np.uint16)
        return codes

    def apply_change(self, planes: Planes, before: Codes, after: Codes) -> Planes:
        """Carry a change of stage frames over to planes: `planes + round(planes(after) - planes(before))`.

        A sample under which nothing changed keeps the source's own bits; results are clipped to code values.
        """
        peak = self.pixel_format.peak
        changed = {name: values.copy() for name, values in planes.items()}
        for index in range(len(before)):
            if np.array_equal(before[index], after[index]):
                continue
            delta = (after[index].astype(np.float32) - before[index].astype(np.float32)) * (peak / 65535)
            for name, change in self._plane_changes(delta).items():
                values = planes[name][index].astype(np.float32) + np.rint(change)
                changed[name][index] = np.clip(values, 0, peak).astype(changed[name].dtype)
        return changed

    def _plane_changes(self, delta: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
        """Change (C, H, W) of a stage frame, in code values, to changes of planes."""
        if self.is_monochrome:
            return {self.pixel_format.planes[0]: delta[0]}
        red, green, blue = delta
        if not self.pixel_format.is_yuv:
            return {"r": red, "g": green, "b": blue}
        y = self.red_weight * red + (1 - self.red_weight - self.blue_weight) * green + self.blue_weight * blue
        cb = (blue - y) / (2 * (1 - self.blue_weight) * self.chroma_scale)
        cr = (red - y) / (2 * (1 - self.red_weight) * self.chroma_scale)
        return {"y": y, "u": self._downsampled(cb), "v": self._downsampled(cr)}

    def _rgb(
        self, y: npt.NDArray[np.float32], cb: npt.NDArray[np.float32], cr: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        red = y + np.float32(2 * (1 - self.red_weight) * self.chroma_scale) * cr
        blue = y + np.float32(2 * (1 - self.blue_weight) * self.chroma_scale) * cb
        green = (y - self.red_weight * red - self.blue_weight * blue) / (
            1 - self.red_weight - self.blue_weight
        )
        return red, green, blue

    def _upsampled(self, chroma: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
        """Linear interpolation of a chroma plane at every luma sample, chroma location respected."""
        step_y, step_x = 1 << self.pixel_format.log2_chroma_height, 1 << self.pixel_format.log2_chroma_width
        if step_y == step_x == 1:
            return chroma
        map_x = (np.arange(width, dtype=np.float32) - self.offset_x * (step_x - 1)) / step_x
        map_y = (np.arange(height, dtype=np.float32) - self.offset_y * (step_y - 1)) / step_y
        grid_x, grid_y = np.meshgrid(map_x, map_y)
        upsampled = cv2.remap(chroma, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(upsampled, dtype=np.float32)

    def _downsampled(self, change: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Triangle filter about every chroma sample's place, its support one chroma step to each side."""
        height, width = change.shape
        down_y = _triangle(height, self.pixel_format.log2_chroma_height, self.offset_y)
        down_x = _triangle(width, self.pixel_format.log2_chroma_width, self.offset_x)
        for axis, (places, weights) in ((0, down_y), (1, down_x)):
            if weights.shape[1] > 1:
                taken = np.take(change, places, axis=axis)
                equation = "ktw,kt->kw" if axis == 0 else "hkt,kt->hk"
                change = np.einsum(equation, taken, weights)
        return change


def _scaled(values: npt.NDArray[np.unsignedinteger], peak: int) -> Codes:
    """Scale code values to 0..65535, rounded."""
    if peak == 65535:
        return values.astype(np.uint16)
    if peak == 255:
        return values.astype(np.uint16) * np.uint16(257)
    return ((values.astype(np.uint32) * 65535 + peak // 2) // peak).astype(np.uint16)


def _triangle(
    size: int, log2_step: int, offset: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Sample indices (K, taps) and weights (K, taps) of a triangle filter at each of K chroma places."""
    step = 1 << log2_step
    count = -(-size // step)
    centres = np.arange(count) * step + offset * (step - 1)
    if step == 1:
        return np.arange(count)[:, None], np.ones((count, 1), np.float32)
    taps = np.arange(-step, 2 * step)
    places = np.floor(centres)[:, None].astype(np.intp) + taps
    weights = np.clip(1 - np.abs(places - centres[:, None]) / step, 0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.clip(places, 0, size - 1), weights.astype(np.float32)
