"""What a source is, as its container and its decoder declare it."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.container
import av.stream
import av.video.frame
import av.video.stream
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from reelfix.io.errors import SourceError
from reelfix.io.ffmpeg import describe
from reelfix.io.pixel_format import StorePath, store_path
from reelfix.io.source_info import Chapter, OtherStream, VideoStream
from reelfix.io.sources import Source
from reelfix.io.tags import MATRICES, PRIMARIES, RANGES, TRANSFERS, parse_tags

_FIELD_ORDERS = ("unknown", "progressive", "tt", "bb", "tb", "bt")
_PACKETS_FOR_A_PICTURE = 2000
# Codecs that may look back, but in archives are written with key frames only.
INTRA_AS_USED = frozenset({"ffv1"})


@dataclass(frozen=True)
class Probe:
    """A source described: the pieces of `SourceInfo` that need no decoding of the whole."""

    source: Source
    container: str
    video: VideoStream
    """`rate` as declared; `is_vfr` is known only once every pts is."""
    store: StorePath
    is_intra_only: bool
    expected_frames: int | None
    """Frames by the container's count, else by its duration and rate; None where it has neither."""
    declared_stop: int | None
    """Where the picture ends, in units of its time base, by the container; None where it does not say."""
    streams: tuple[OtherStream, ...]
    chapters: tuple[Chapter, ...]
    metadata: dict[str, str]
    timecode: str | None
    notices: tuple[str, ...]


@contextmanager
def open_container(source: Source) -> Iterator[av.container.InputContainer]:
    """Open a source for reading; raises SourceError, saying why it cannot be."""
    try:
        container = av.open(
            source.url, "r", format=source.demuxer, options=dict(source.options), metadata_errors="replace"
        )
    except av.error.PermissionError as error:
        raise SourceError(
            f"{source.path} cannot be read: permission denied. Grant read access to it."
        ) from error
    except av.error.InvalidDataError as error:
        raise SourceError(
            f"{source.path} is not a media file that ffmpeg can read, or its header is damaged or missing "
            "(an MP4 or MOV cut short has none). Copy it again from where it came."
        ) from error
    except av.error.EOFError as error:
        raise SourceError(
            f"{source.path} ends before its first frame: it has none, or it is cut short. "
            "Copy it again from where it came."
        ) from error
    except av.error.FFmpegError as error:
        raise SourceError(f"{source.path} cannot be opened: {error.strerror}.") from error
    with container:
        yield container


def picture_stream(container: av.container.InputContainer, source: Source) -> av.video.stream.VideoStream:
    """Return the stream that holds the picture: the best one, as ffmpeg ranks them; cover art is none."""
    best = container.streams.best("video")
    if (
        not isinstance(best, av.video.stream.VideoStream)
        or best.disposition & av.stream.Disposition.attached_pic
    ):
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "no streams"
        raise SourceError(f"{source.path} has no video stream (found: {kinds}). A reel needs pictures.")
    if best.codec_context is None:
        raise SourceError(f"the picture of {source.path} is in a codec that this ffmpeg cannot decode.")
    return best


def probe(source: Source) -> Probe:
    """Describe a source: opens it and decodes its first picture. Raises SourceError."""
    with open_container(source) as container:
        stream = picture_stream(container, source)
        first = _first_picture(container, stream, source)
        store = store_path(first.format.name)
        rate = source.rate or declared_rate(stream)
        video = _describe_video(stream, first, store, rate, source)
        others = tuple(_describe_other(other) for other in container.streams if other.index != stream.index)
        return Probe(
            source=source,
            container=container.format.name,
            video=video,
            store=store,
            is_intra_only=is_intra_only(stream.codec.canonical_name),
            expected_frames=_expected_frames(container, stream, rate, source),
            declared_stop=_declared_stop(container, stream),
            streams=others,
            chapters=_chapters(container),
            metadata=dict(container.metadata),
            timecode=_timecode(container, stream),
            notices=(*source.notices, *_notices(store, others, stream)),
        )


def declared_rate(stream: av.video.stream.VideoStream) -> Fraction:
    """Frames per second: the nominal rate where frames keep it, else the average."""
    nominal, average = stream.guessed_rate, stream.average_rate
    if nominal and average and abs(nominal / average - 1) > Fraction(1, 100):
        return Fraction(average)
    return Fraction(nominal or average or 25)


def is_intra_only(codec: str) -> bool:
    """Whether every picture of a codec (ffmpeg's name) stands for itself, as archives use it."""
    return codec in INTRA_AS_USED or bool(av.Codec(codec, "r").intra_only)


def _first_picture(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, source: Source
) -> av.video.frame.VideoFrame:
    stream.thread_type = "SLICE"
    try:
        for count, packet in enumerate(container.demux(stream)):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                frames = []
            if frames:
                return frames[0]
            if count > _PACKETS_FOR_A_PICTURE:
                break
    except av.error.FFmpegError as error:
        raise SourceError(f"no picture of {source.path} can be decoded: {error.strerror}.") from error
    raise SourceError(
        f"{source.path} has a video stream ({stream.codec.name}), but no picture in it can be decoded: "
        "it has no frames, or it is damaged or encrypted from the start. Copy it again from where it came."
    )


def _describe_video(
    stream: av.video.stream.VideoStream,
    first: av.video.frame.VideoFrame,
    store: StorePath,
    rate: Fraction,
    source: Source,
) -> VideoStream:
    context = stream.codec_context
    shape = stream.sample_aspect_ratio
    # PyAV does not show the chroma location; the stock ffmpeg does.
    report = describe(source.url, source.command_options)
    told = parse_tags("\n".join(re.findall(rf"^.*Stream #0:{stream.index}\b.*$", report, re.MULTILINE)))
    return VideoStream(
        index=stream.index,
        codec=stream.codec.canonical_name,
        pix_fmt=first.format.name,
        store_pix_fmt=store.format.name,
        width=first.width,
        height=first.height,
        rate=str(rate),
        time_base=str(stream.time_base),
        color_range=_name(RANGES, first.color_range or context.color_range),
        color_primaries=_name(PRIMARIES, _known(first.color_primaries, context.color_primaries)),
        color_transfer=_name(TRANSFERS, _known(first.color_trc, context.color_trc)),
        color_matrix=_name(MATRICES, _known(first.colorspace, context.colorspace)),
        chroma_location=told.chroma_location,
        sample_aspect_ratio=str(shape) if shape else "0/1",
        field_order=_FIELD_ORDERS[context.field_order]
        if context.field_order < len(_FIELD_ORDERS)
        else "unknown",
        rotation=first.rotation,
        metadata=dict(stream.metadata),
    )


def _known(of_frame: int, of_stream: int) -> int:
    """The frame's tag, or the stream's where the frame's is unspecified (2)."""
    return of_stream if of_frame == 2 else of_frame


def _name(table: dict[str, int], code: int) -> str:
    return next((name for name, value in table.items() if value == code), "unknown")


def _expected_frames(
    container: av.container.InputContainer,
    stream: av.video.stream.VideoStream,
    rate: Fraction,
    source: Source,
) -> int | None:
    if source.kind == "sequence":
        return len(source.files)
    if stream.frames > 0:
        return int(stream.frames)
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * rate)
    if container.duration and len(container.streams) == 1:
        return round(Fraction(container.duration, av.time_base) * rate)
    return None


def _declared_stop(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> int | None:
    if stream.time_base is None:
        return None
    first = stream.start_time or 0
    if stream.duration:
        return first + int(stream.duration)
    # Matroska keeps a track's length as a tag: 00:00:02.292000000
    if tag := stream.metadata.get("DURATION"):
        hours, minutes, seconds = tag.split(":")
        return round((int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)) / stream.time_base)
    if container.duration and len(container.streams) == 1:
        return first + round(Fraction(container.duration, av.time_base) / stream.time_base)
    return None


def _describe_other(stream: av.stream.Stream) -> OtherStream:
    context = stream.codec_context
    details: dict[str, Any] = {}
    kind = stream.type if stream.type in ("audio", "subtitle", "attachment", "video") else "data"
    if isinstance(stream, av.stream.AttachmentStream):
        details = {
            "filename": stream.name or stream.metadata.get("filename", ""),
            "mimetype": stream.mimetype or "",
            "size": len(stream.data),
            "sha256": hashlib.sha256(stream.data).hexdigest(),
        }
    elif isinstance(context, AudioCodecContext):
        details = {
            "sample_rate": context.sample_rate,
            "channels": context.channels,
            "layout": context.layout.name,
            "sample_format": context.format.name,
        }
    elif isinstance(context, VideoCodecContext):
        is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
        details = {"width": context.width, "height": context.height, "is_cover": is_cover}
    return OtherStream(
        index=stream.index,
        kind=kind,
        codec=context.codec.canonical_name if context is not None else "none",
        time_base=str(stream.time_base or "0/1"),
        metadata=dict(stream.metadata),
        details=details,
    )


def _chapters(container: av.container.InputContainer) -> tuple[Chapter, ...]:
    return tuple(
        Chapter(
            start=chapter["start"],
            stop=chapter["end"],
            time_base=str(chapter["time_base"]),
            metadata=dict(chapter["metadata"]),
        )
        for chapter in container.chapters()
    )


def _timecode(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> str | None:
    """The picture's own, else the container's, else that of a timecode track."""
    for metadata in (stream.metadata, container.metadata, *(other.metadata for other in container.streams)):
        for name, value in metadata.items():
            if name.lower() == "timecode":
                return value
    return None


def _notices(
    store: StorePath, others: tuple[OtherStream, ...], stream: av.video.stream.VideoStream
) -> Iterator[str]:
    if store.drops_alpha:
        yield f"the alpha plane of {store.source} is not kept: the store has {store.format.name}"
    if not store.is_lossless:
        yield f"floating-point pictures ({store.source}) are rounded to {store.format.name}"
    pictures = [other for other in others if other.kind == "video" and not other.details.get("is_cover")]
    if pictures:
        numbers = ", ".join(str(other.index) for other in pictures)
        yield f"there is more than one video stream: the reel is of stream {stream.index}, not of {numbers}"
