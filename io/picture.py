"""Pictures between numpy planes and libav frames: the way into an encoder's pixel format, and digests."""

import hashlib
from dataclasses import replace

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from reelfix.io.code_values import LimitedRange, Picture, narrowed_format, widen
from reelfix.io.errors import DeliveryError
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.tags import MATRICES, PRIMARIES, RANGES, TRANSFERS, UNKNOWN, PictureTags

_SCALER_FLAGS = "lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
_SWSCALE_MATRICES = {
    "bt709": "bt709",
    "bt470bg": "bt470",
    "smpte170m": "smpte170m",
    "fcc": "fcc",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
}
_SD_HEIGHT = 576
_UNSPECIFIED = 2

# Formats that hold a store format's own code values, in another order of channels or bytes.
_REORDERED = {
    "gbrp": frozenset({"bgr0", "rgb24"}),
    "gbrp16le": frozenset({"rgb48le", "rgb48be"}),
    "gray16le": frozenset({"gray16be"}),
}


def picture_digest(picture: Picture, pixel_format: PixelFormat) -> str:
    """MD5 of one frame's code values, plane by plane: what ffmpeg's framemd5 gives in the store's format."""
    digest = hashlib.md5(usedforsecurity=False)
    for plane in pixel_format.planes:
        digest.update(np.ascontiguousarray(picture[plane]).data)
    return digest.hexdigest()


def frame_digest(frame: VideoFrame) -> str:
    """MD5 of a libav frame's samples without padding: what ffmpeg's framemd5 gives in the frame's format."""
    digest = hashlib.md5(usedforsecurity=False)
    components = frame.format.components
    for index, plane in enumerate(frame.planes):
        if len(frame.planes) == 1:
            row_bytes = plane.width * frame.format.padded_bits_per_pixel // 8
        else:
            row_bytes = plane.width * (2 if components[index].bits > 8 else 1)
        digest.update(np.ascontiguousarray(_rows(plane)[:, :row_bytes]).data)
    return digest.hexdigest()


def _rows(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """Return a plane's memory (H, bytes per row with padding); writing to it writes to the frame."""
    memory: npt.NDArray[np.uint8] = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    return memory[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)


def plane_samples(frame: VideoFrame, index: int) -> npt.NDArray[np.unsignedinteger]:
    """Return the samples (H, W) of one plane of a planar libav frame, uint8 or uint16."""
    plane = frame.planes[index]
    dtype = np.dtype(np.uint16 if frame.format.components[index].bits > 8 else np.uint8)
    return _rows(plane).view(dtype)[:, : plane.width]


def make_frame(picture: Picture, pixel_format: PixelFormat, tags: PictureTags) -> VideoFrame:
    """Copy planes into a libav frame of the same format, with its colour tags."""
    height, width = picture[pixel_format.planes[0]].shape
    frame = VideoFrame(width, height, pixel_format.name)
    for name, plane in zip(pixel_format.planes, frame.planes, strict=True):
        values = picture[name]
        _rows(plane).view(pixel_format.dtype)[:, : values.shape[1]] = values
    return _tagged(frame, tags)


def _tagged(frame: VideoFrame, tags: PictureTags) -> VideoFrame:
    frame.color_range = RANGES.get(tags.color_range, 0)
    frame.colorspace = MATRICES.get(tags.color_matrix, _UNSPECIFIED)
    frame.color_primaries = PRIMARIES.get(tags.color_primaries, _UNSPECIFIED)
    frame.color_trc = TRANSFERS.get(tags.color_transfer, _UNSPECIFIED)
    return frame


class Converter:
    """Turns frames of a store into frames for an encoder: depth, format, range, matrix, field flags.

    Frames pass through as they are where nothing is to be turned. Code values of gray and RGB are only ever
    widened in proportion (peak to peak), never compressed to another range unless the target is Y'CbCr.
    Gray, and full range for a target of limited range, are turned in whole numbers (`code_values`); matrix,
    chroma samples and other depths by libswscale.
    """

    def __init__(
        self,
        source: PixelFormat,
        target: str,
        *,
        height: int,
        width: int,
        tags: PictureTags,
        limited_range: bool = False,
        side_by_side: bool = False,
    ) -> None:
        self.source = source
        self.target = target
        self.tags = _target_tags(source, target, height, tags, limited_range=limited_range)
        self._narrows = source.is_yuv and _narrows(tags, self.tags, target)
        self._prepared = _prepared(source, target, narrows=self._narrows)
        self._prepared_tags = replace(tags, color_range="tv") if self._narrows else tags
        self._limited = None
        if self._narrows or (self._prepared.is_yuv and not source.is_yuv):
            is_full = _range(tags, source.is_yuv) == "full"
            self._limited = LimitedRange.of(source, self._prepared, is_full=is_full)
        self.height, self.width = height, width * (2 if side_by_side else 1)
        chain = [("hstack", "inputs=2")] if side_by_side else []
        if limited_range and (self.height % 2 or self.width % 2):
            self.height, self.width = self.height + self.height % 2, self.width + self.width % 2
            chain.append(("pad", f"{self.width}:{self.height}"))
        if target != _plain(self._prepared.name):
            chain += [("scale", self._scale_options()), ("format", target)]
        if tags.is_interlaced:
            chain.append(("setfield", "tff" if tags.is_top_field_first else "bff"))
        inputs = 2 if side_by_side else 1
        self._graph = None
        if chain:
            self._graph = _build(self._prepared, height, width, self._prepared_tags, chain, inputs)

    @property
    def keeps_code_values(self) -> bool:
        """Whether the encoder is given the store's own code values, if in another order."""
        plain = _plain(self.source.name)
        is_same = self.target == plain or self.target in _REORDERED.get(plain, ())
        return is_same and not self._narrows

    def convert(self, *pictures: Picture) -> VideoFrame:
        """Turn one frame (two for side by side: before, after) into the encoder's."""
        frames = [
            make_frame(self._prepare(picture), self._prepared, self._prepared_tags) for picture in pictures
        ]
        if self._graph is None:
            return _tagged(frames[0], self.tags)
        for place, frame in enumerate(frames):
            frame.pts = 0
            self._graph.vpush(frame, at=place)
        # Encoders write the frame's own tags, and the scaler names BT.601 as it likes.
        return _tagged(self._graph.vpull(), self.tags)

    def _prepare(self, picture: Picture) -> Picture:
        """Do in whole numbers what the scaler does less exactly."""
        if self._limited is not None:
            return self._limited.convert(picture)
        return widen(picture, self.source, self._prepared)

    def _scale_options(self) -> str:
        options = [f"flags={_SCALER_FLAGS}"]
        # By fields: only where both have whole chroma lines (swscale reads past the end of an odd one).
        if self._prepared_tags.is_interlaced and self.source.log2_chroma_height and self.height % 4 == 0:
            options.append("interl=1")
        if self.source.is_yuv or self.target.startswith("yuv"):
            matrix = _swscale_matrix(self._prepared_tags, self.height)
            options.append(f"in_range={_range(self._prepared_tags, self.source.is_yuv)}")
            options.append(f"out_range={_range(self.tags, self.target.startswith('yuv'))}")
            if self.source.is_yuv:
                options.append(f"in_color_matrix={matrix}")
                if self._prepared_tags.chroma_location not in UNKNOWN:
                    options.append(f"in_chroma_loc={self._prepared_tags.chroma_location}")
            if self.target.startswith("yuv"):
                options.append(f"out_color_matrix={matrix}")
        return ":".join(options)


def _plain(name: str) -> str:
    """`yuvj420p` is `yuv420p` with its range said by the name."""
    return name.replace("yuvj", "yuv")


def _range(tags: PictureTags, is_yuv: bool) -> str:
    """Range by tag; untagged: limited for Y'CbCr, full for gray and RGB, as everywhere in ffmpeg."""
    if tags.color_range in RANGES:
        return "full" if tags.color_range == "pc" else "limited"
    return "limited" if is_yuv else "full"


def _swscale_matrix(tags: PictureTags, height: int) -> str:
    """Matrix by tag; untagged: BT.601 up to 576 lines, BT.709 above."""
    return _SWSCALE_MATRICES.get(tags.color_matrix, "smpte170m" if height <= _SD_HEIGHT else "bt709")


def _target_tags(
    source: PixelFormat, target: str, height: int, tags: PictureTags, *, limited_range: bool
) -> PictureTags:
    """Return the tags of what the encoder is given; what conversion has settled is said."""
    if target.startswith("yuv"):
        if limited_range and (tags.color_range == "pc" or not source.is_yuv):
            tags = replace(tags, color_range="tv")
        if target != _plain(source.name):
            tags = replace(tags, chroma_location="unspecified")
        if not source.is_yuv and tags.color_matrix not in _SWSCALE_MATRICES:
            tags = replace(tags, color_matrix=_swscale_matrix(tags, height))
        return tags
    if source.is_yuv:
        return replace(tags, color_range="pc", color_matrix="gbr", chroma_location="unspecified")
    return tags


def _narrows(source: PictureTags, target: PictureTags, name: str) -> bool:
    """Whether full-range Y'CbCr is to become limited."""
    is_limited = name.startswith("yuv") and _range(target, is_yuv=True) == "limited"
    return is_limited and _range(source, is_yuv=True) == "full"


def _prepared(source: PixelFormat, target: str, *, narrows: bool) -> PixelFormat:
    """Return the format in which frames reach the scaler: gray's is the target's, RGB's has its depth."""
    if narrows:
        return narrowed_format(source, PixelFormat.parse(target))
    if source.is_yuv:
        return source
    if target.startswith("yuv"):
        return PixelFormat.parse(target) if source.planes == ("gray",) else source
    depths = {"gray16": 16, "rgb48l": 16, "rgb48b": 16, "gbrp10": 10, "gbrp12": 12}
    depth = depths.get(target[:6], 0)
    if depth <= source.depth:
        return source
    return PixelFormat.parse(f"{'gray' if source.planes == ('gray',) else 'gbrp'}{depth}le")


def _build(
    source: PixelFormat, height: int, width: int, tags: PictureTags, chain: list[tuple[str, str]], inputs: int
) -> Graph:
    graph = Graph()
    try:
        buffers = [_buffer(graph, source, height, width, tags) for _ in range(inputs)]
        first, *rest = [graph.add(name, options) for name, options in chain]
        for place, buffer in enumerate(buffers):
            buffer.link_to(first, 0, place)
        graph.link_nodes(first, *rest, graph.add("buffersink"))
        graph.configure()
    except av.FFmpegError as error:
        filters = ",".join(f"{name}={options}" for name, options in chain)
        raise DeliveryError(f"frames of {source.name} do not pass the filters {filters}: {error}.") from error
    return graph


def _buffer(graph: Graph, source: PixelFormat, height: int, width: int, tags: PictureTags) -> FilterContext:
    return graph.add(
        "buffer",
        video_size=f"{width}x{height}",
        pix_fmt=source.name,
        time_base="1/1",
        pixel_aspect="1/1",
        colorspace=str(MATRICES.get(tags.color_matrix, _UNSPECIFIED)),
        range=str(RANGES.get(tags.color_range, 0)),
    )
