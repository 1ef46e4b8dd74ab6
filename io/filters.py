"""ffmpeg filters that a person may ask for at ingest: deinterlacing and inverse telecine."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import av.filter
import av.video.frame

from reelfix.io.errors import SourceError
from reelfix.io.source_info import VideoStream

BWDIF = "bwdif=mode=send_frame:parity=auto:deint=all"
IVTC = "fieldmatch=order=auto:combmatch=full,decimate"
IVTC_RATE = Fraction(4, 5)
"""Frames that are left of each that came: one of five is a repeat."""


@dataclass(frozen=True)
class Filters:
    """A chain of filters, as ffmpeg writes it, and what it does to the frame rate."""

    chain: str
    rate_factor: Fraction = Fraction(1)


def filters_for(*, deinterlace: str | None, ivtc: bool) -> Filters | None:
    """Return the filters asked for; None where frames stay as decoded. Raises ValueError."""
    if deinterlace not in (None, "bwdif"):
        raise ValueError(f"{deinterlace = !r} is not a deinterlacer there is: use bwdif.")
    if deinterlace and ivtc:
        raise ValueError(
            "deinterlacing and inverse telecine exclude each other: a telecined film has whole frames."
        )
    if ivtc:
        return Filters(IVTC, IVTC_RATE)
    return Filters(BWDIF) if deinterlace else None


class FilterGraph:
    """Pictures through a chain of filters; they keep their pixel format."""

    def __init__(self, filters: Filters, video: VideoStream) -> None:
        self._video = video
        self._filters = filters
        graph = av.filter.Graph()
        shape = video.sample_aspect_ratio if not video.sample_aspect_ratio.startswith("0") else "1"
        source = graph.add(
            "buffer",
            f"video_size={video.width}x{video.height}:pix_fmt={video.pix_fmt}:time_base={video.time_base}"
            f":pixel_aspect={shape}:frame_rate={video.rate}",
        )
        last = source
        for step in filters.chain.split(","):
            name, _, arguments = step.partition("=")
            following = graph.add(name, arguments or None)
            last.link_to(following)
            last = following
        last.link_to(graph.add("buffersink"))
        graph.configure()
        self._graph = graph

    def push(self, frame: av.video.frame.VideoFrame | None) -> Iterator[av.video.frame.VideoFrame]:
        """Take a picture (None: the last was given) and yield those that are ready.

        Raises SourceError where the filters cannot work on the source's pixel format.
        """
        self._graph.vpush(frame)
        while True:
            try:
                ready = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if ready.format.name != self._video.pix_fmt:
                raise SourceError(
                    f"the filters {self._filters.chain} cannot work on {self._video.pix_fmt} "
                    f"(they would turn it into {ready.format.name}). Ingest without them, "
                    "or convert the source first."
                )
            yield ready
