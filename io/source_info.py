"""What is known of a source: the content of `reel.json`."""

from fractions import Fraction
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from reelfix.io.pixel_format import PixelFormat


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VideoStream(_Record):
    """The picture stream, as the container and the decoder declare it."""

    index: int
    codec: str
    pix_fmt: str
    """The decoder's own format (ffmpeg's name)."""
    store_pix_fmt: str
    """The planar format the frame store keeps."""
    width: int
    height: int
    rate: str
    """Frames per second, as a fraction: `"24000/1001"`."""
    time_base: str
    """Seconds per unit of pts, as a fraction: `"1/1000"`."""
    color_range: str = "unknown"
    """ffmpeg's names: `tv`, `pc`, `unknown`; so too the three below."""
    color_primaries: str = "unknown"
    color_transfer: str = "unknown"
    color_matrix: str = "unknown"
    chroma_location: str = "unspecified"
    sample_aspect_ratio: str = "0/1"
    field_order: str = "unknown"
    """`progressive`, `tt`, `bb`, `tb`, `bt` or `unknown`."""
    rotation: int = 0
    """Degrees that a player turns the picture counterclockwise; stored frames are as coded, not turned."""
    is_vfr: bool = False
    metadata: dict[str, str] = Field(default_factory=dict)

    @property
    def rate_fraction(self) -> Fraction:
        """Frames per second."""
        return Fraction(self.rate)

    @property
    def time_base_fraction(self) -> Fraction:
        """Seconds per unit of pts."""
        return Fraction(self.time_base)

    @property
    def pixel_format(self) -> PixelFormat:
        """The format of the planes in the frame store."""
        return PixelFormat.parse(self.store_pix_fmt)


class OtherStream(_Record):
    """A stream that is not the picture: carried to the master packet for packet where it can be."""

    index: int
    kind: Literal["audio", "subtitle", "data", "attachment", "video"]
    codec: str
    time_base: str = "0/1"
    metadata: dict[str, str] = Field(default_factory=dict)
    details: dict[str, Any] = Field(default_factory=dict)
    """Sample rate, channels, layout, file name and so on, by kind."""


class Chapter(_Record):
    """A named part of the source: `[start, stop)` in units of `time_base`."""

    start: int
    stop: int
    time_base: str
    metadata: dict[str, str] = Field(default_factory=dict)


class DamagedFrame(_Record):
    """A frame that the decoder could not give whole, and what stands in the store for it."""

    frame: int
    pts: int
    concealed_by: Literal["decoder", "repeat"]
    reason: str


class Interlace(_Record):
    """ffmpeg's idet verdict over the frames that were measured."""

    frames: int
    tff: int
    bff: int
    progressive: int
    undetermined: int
    repeated: int
    verdict: Literal["progressive", "interlaced tff", "interlaced bff", "telecined", "undetermined"]


class SourceInfo(_Record):
    """One source and how it was ingested."""

    version: Literal[1] = 1
    path: str
    kind: Literal["file", "sequence"]
    size: int
    sha256: str
    """Of the file; of a sequence: of its files' names and digests, in order."""
    container: str
    """The demuxer's name."""
    video: VideoStream
    streams: tuple[OtherStream, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict)
    timecode: str | None = None
    frame_count: int
    is_monochrome: bool
    """Whether stages work on one channel: no chroma planes, or neutral ones."""
    interlace: Interlace | None = None
    damaged: tuple[DamagedFrame, ...] = ()
    times_mended: int = 0
    """Frames whose pts the source does not give, or not after the frame before; see `io/frames.py`."""
    filters: str | None = None
    """The ffmpeg filters asked for (`--deinterlace`, `--ivtc`); None where frames are as decoded."""
    notices: tuple[str, ...] = ()
    """What the archivist should know: a dropped alpha plane, a rounded float picture, a truncated file."""
    tools: dict[str, str] = Field(default_factory=dict)
    """Versions of what decoded it."""
