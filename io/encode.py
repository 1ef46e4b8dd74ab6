"""Encoders: libav frames in, a video stream in a container or a folder of pictures out."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.codec.context import CodecContext, ThreadType
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from reelfix.io.codecs import MasterCodec
from reelfix.io.documents import sync_folder
from reelfix.io.errors import DeliveryError
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.tags import MATRICES, PRIMARIES, RANGES, TRANSFERS, UNKNOWN, PictureTags

PIPED = {"matroska": "matroska", "mov": "mov", "mp4": "nut"}
"""Muxer of the file -> the streamable form in which the picture reaches it, losing neither tags nor times."""

_PIPE_OPTIONS: Mapping[str, dict[str, str]] = {
    "matroska": {},
    "mov": {"movflags": "frag_keyframe+empty_moov+default_base_moof", "avoid_negative_ts": "disabled"},
    "nut": {"avoid_negative_ts": "disabled"},
}
NUMBER_FIELD = "%07d"
"""How pictures of a sequence are numbered."""

_INTERLACED = (1 << 18) | (1 << 29)
"""AV_CODEC_FLAG_INTERLACED_DCT and _ME."""


@dataclass(frozen=True)
class EncoderSettings:
    """All that an encoder must know beyond its codec's own options."""

    codec: MasterCodec
    source: PixelFormat
    """Format of the frame store that the frames come from."""
    pixel_format: str
    """The encoder's."""
    height: int
    width: int
    rate: Fraction
    """Frames per second."""
    time_base: Fraction
    """Seconds per unit of pts."""
    tags: PictureTags
    thread_count: int


class Encoder(Protocol):
    """What takes the frames of a master, one after another."""

    def add(self, frame: VideoFrame, pts: int, duration: int) -> None:
        """Encode one frame, shown from `pts` for `duration` units of the time base."""

    def finish(self) -> None:
        """Encode what is left, and close."""

    def close(self) -> None:
        """Let go of everything, finished or not."""


class StreamEncoder:
    """Encodes into one stream, written in a streamable form of the codec's container to `url`.

    The muxer that reads it (`reelfix.io.mux`) makes the file.
    """

    def __init__(self, url: str, settings: EncoderSettings) -> None:
        codec = settings.codec
        piped = PIPED[str(codec.container)]
        self._container = av.open(url, "w", format=piped, container_options=_PIPE_OPTIONS[piped])
        options = codec.encoder_options(settings.source, settings.height, settings.width) | _tag_options(
            settings.tags
        )
        stream = self._container.add_stream(codec.encoder, rate=settings.rate, options=options)
        assert isinstance(stream, VideoStream)
        self._stream = stream
        _configure(self._stream.codec_context, settings)
        self._stream.time_base = settings.time_base
        self._durations: dict[int, int] = {}

    def add(self, frame: VideoFrame, pts: int, duration: int) -> None:
        """Encode one frame; raises av.FFmpegError where the pipe is closed."""
        frame.pts = pts
        frame.time_base = self._stream.codec_context.time_base
        self._durations[pts] = duration
        self._mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Flush the encoder and close the pipe."""
        self._mux(self._stream.encode(None))
        self._container.close()

    def close(self) -> None:
        """Close the pipe, whatever its state: the reader sees its end."""
        try:
            self._container.close()
        except av.FFmpegError:
            # The reader is gone: what it had to say was said by its exit status.
            return

    def _mux(self, packets: "list[Packet[Stream]]") -> None:
        for packet in packets:
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, 0)
            self._container.mux_one(packet)


class SequenceEncoder:
    """Writes one picture file per frame into a folder, numbered from `first`."""

    def __init__(self, folder: Path, stem: str, first: int, settings: EncoderSettings) -> None:
        self.folder = folder
        self._names = (stem, settings.codec.suffix)
        self._number = first
        context = CodecContext.create(settings.codec.encoder, "w")
        assert isinstance(context, VideoCodecContext)
        context.options = {
            **settings.codec.encoder_options(settings.source, settings.height, settings.width),
            **_tag_options(settings.tags),
        }
        context.framerate = settings.rate
        _configure(context, settings)
        self._context = context

    def add(self, frame: VideoFrame, pts: int, duration: int) -> None:
        """Encode one frame; its file may be written a few frames later."""
        frame.pts = pts
        self._write(self._context.encode(frame))

    def finish(self) -> None:
        """Write the last files, and make the folder's entries durable."""
        self._write(self._context.encode(None))
        sync_folder(self.folder)

    def close(self) -> None:
        """Nothing is held open between frames."""

    def _write(self, packets: "list[Packet[Stream]]") -> None:
        for packet in packets:
            path = self.folder / picture_name(*self._names, self._number)
            with path.open("wb") as file:
                file.write(memoryview(packet))
                file.flush()
                os.fsync(file.fileno())
            self._number += 1


def picture_name(stem: str, suffix: str, number: int) -> str:
    """`reel01.0000123.dpx`."""
    return f"{stem}.{NUMBER_FIELD % number}{suffix}"


def _configure(context: VideoCodecContext, settings: EncoderSettings) -> None:
    context.width, context.height = settings.width, settings.height
    context.pix_fmt = settings.pixel_format
    context.time_base = settings.time_base
    context.thread_count = settings.thread_count
    context.thread_type = ThreadType.FRAME if settings.codec.frame_threads else ThreadType.SLICE
    tags = settings.tags
    context.color_range = RANGES.get(tags.color_range, 0)
    context.color_primaries = PRIMARIES.get(tags.color_primaries, 2)
    context.color_trc = TRANSFERS.get(tags.color_transfer, 2)
    context.colorspace = MATRICES.get(tags.color_matrix, 2)
    if tags.shape is not None:
        context.sample_aspect_ratio = tags.shape
    if tags.is_interlaced:
        context.flags |= _INTERLACED
    if settings.pixel_format not in {entry.name for entry in context.codec.video_formats or ()}:
        raise DeliveryError(
            f"{settings.codec.name} cannot hold pixel format {settings.pixel_format}: choose another codec."
        )


def _tag_options(tags: PictureTags) -> dict[str, str]:
    """Tags that are set by option alone."""
    options = {"chroma_sample_location": tags.chroma_location, "field_order": tags.field_order}
    return {name: value for name, value in options.items() if value not in UNKNOWN}
