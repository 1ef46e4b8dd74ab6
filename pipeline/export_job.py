"""From a request to an export job: what is shown, how it is encoded, where it lands; all refusals."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from upath import UPath

from reelfix.io.carriage import Carriage, carriage_of
from reelfix.io.codecs import MasterCodec, codec_named
from reelfix.io.errors import DeliveryError
from reelfix.io.picture import Converter
from reelfix.io.segments import Clock, Timeline, clock_of, timeline_of
from reelfix.io.source_info import VideoStream
from reelfix.io.storage import Location, as_path, is_local, local_path
from reelfix.io.tags import PictureTags
from reelfix.io.timecode import Timecode
from reelfix.pipeline.colour_planes import colour_stream
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.outcome import ShotOutcome, outcome_of
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import select

_TICKS = {"matroska": Fraction(1, 1000)}
"""Muxer -> seconds in a unit of its clock, where that is fixed."""


@dataclass(frozen=True)
class ExportRequest:
    """What to export of a reel, and how."""

    output: Location | None = None
    """A file, or for image sequences a folder; None: `masters/<reel>.<codec>.<suffix>` in the reel."""
    codec: str = "ffv1"
    shots: str | None = None
    """Shots by number, as `3,7-9`; None: all."""
    frame_range: tuple[int, int] | None = None
    """Frames `[start, stop)`; None: all."""
    force: bool = False
    """Replace a master of that name."""
    side_by_side: bool = False
    """Before at the left, after at the right: for proxies alone."""
    check: bool = True
    """Decode the master again and compare; without it, the master has no framemd5."""
    allow_unfinished: bool = False
    """Take shots whose stages are not all done as they are in the source."""
    thread_count: int = 0
    """Of the encoder; 0: one for every core."""


@dataclass(frozen=True)
class Piece:
    """Frames `[start, stop)` of one shot."""

    start: int
    stop: int
    outcome: ShotOutcome

    @property
    def is_restored(self) -> bool:
        """Whether its frames differ from the source's, for all we know."""
        return self.outcome.is_restored and not self.outcome.unfinished

    @property
    def has_chroma(self) -> bool:
        """Whether a stage gave it colours of its own."""
        return self.outcome.has_chroma and not self.outcome.unfinished


@dataclass(frozen=True)
class ExportJob:
    """An export, checked to be possible."""

    reel: Reel
    request: ExportRequest
    codec: MasterCodec
    target: UPath
    pieces: tuple[Piece, ...]
    timeline: Timeline
    clock: Clock
    carriage: Carriage

    @property
    def source_tags(self) -> PictureTags:
        """What is said of the pictures before they are encoded."""
        return PictureTags.of(self.picture, timecode_at(self.reel, self.timeline.segments[0].start))

    @property
    def source_file(self) -> Path:
        """The source, where it is a file."""
        return Path(self.reel.info.path)

    @property
    def is_coloured(self) -> bool:
        """Whether a stage gave any part of it colours: then all of it is in colour."""
        return any(piece.has_chroma for piece in self.pieces)

    @property
    def picture(self) -> VideoStream:
        """The picture stream before it is encoded: the source's, or as a master in colour has it."""
        video = self.reel.info.video
        return colour_stream(video) if self.is_coloured else video

    @property
    def tick(self) -> Fraction:
        """Seconds that the master's clock resolves."""
        return _TICKS.get(str(self.codec.container), self.clock.time_base)

    def converter(self) -> Converter:
        """Make the way from the store's frames to the encoder's."""
        video = self.picture
        return Converter(
            video.pixel_format,
            self.codec.pixel_format(video.pixel_format),
            height=video.height,
            width=video.width,
            tags=self.source_tags,
            limited_range=self.codec.is_limited_range,
            side_by_side=self.request.side_by_side,
        )


def plan_export(reel: Reel, request: ExportRequest) -> ExportJob:
    """Check a request against a reel; raises UsageError or DeliveryError, saying what to do instead."""
    try:
        codec = codec_named(request.codec)
    except DeliveryError as error:
        raise UsageError(str(error)) from error
    if request.side_by_side and codec.is_lossless:
        raise UsageError(f"--side-by-side is for proxies: a {codec.name} master shows the film alone.")
    video = reel.info.video
    ranges = frame_ranges(reel, request)
    pts = reel.store().pts
    timeline = timeline_of(pts, video.time_base_fraction, video.rate_fraction, ranges)
    pieces = _pieces(reel, timeline)
    _require_finished(reel, pieces, request)
    clock = clock_of(
        pts,
        video.time_base_fraction,
        video.rate_fraction,
        timeline,
        container_base=1 / video.rate_fraction if codec.is_sequence else _TICKS.get(str(codec.container)),
        is_vfr=video.is_vfr,
    )
    target = target_of(reel, request, codec)
    _require_apart(reel, target)
    _require_source(reel)
    carriage = carriage_of(reel.info, codec.container)
    return ExportJob(reel, request, codec, target, pieces, timeline, clock, carriage)


def frame_ranges(reel: Reel, request: ExportRequest) -> tuple[tuple[int, int], ...] | None:
    """Return the frames asked for, neighbouring shots joined; None for the whole reel."""
    if request.frame_range is not None:
        if request.shots is not None:
            raise UsageError("--range and --shots both say which frames: give one of them.")
        start, stop = request.frame_range
        if not 0 <= start < stop <= reel.info.frame_count:
            raise UsageError(
                f"range [{start}, {stop}) must lie within the reel's [0, {reel.info.frame_count}), "
                "start before stop."
            )
        return ((start, stop),)
    if request.shots is None:
        return None
    ranges: list[tuple[int, int]] = []
    for shot in select(reel.shots(), request.shots):
        if ranges and ranges[-1][1] == shot.start:
            ranges[-1] = (ranges[-1][0], shot.stop)
        else:
            ranges.append((shot.start, shot.stop))
    return tuple(ranges)


def timecode_at(reel: Reel, frame: int) -> str | None:
    """Return the timecode of a frame, where the source has one."""
    if reel.info.timecode is None:
        return None
    if frame == 0:
        return reel.info.timecode
    return str(Timecode.parse(reel.info.timecode, reel.info.video.rate_fraction) + frame)


def target_of(reel: Reel, request: ExportRequest, codec: MasterCodec) -> UPath:
    """Return where the master goes; raises UsageError where its name says another container."""
    suffix = "" if codec.is_sequence else codec.suffix
    if request.output is None:
        return reel.root / "masters" / f"{reel.name}.{codec.name}{suffix}"
    target = as_path(request.output)
    if suffix and target.suffix.lower() != suffix:
        raise UsageError(f"{target.name} is not a name for {codec.name}: it must end in {suffix}.")
    if codec.is_sequence and target.suffix.lower() == codec.suffix:
        raise UsageError(
            f"{target.name} would be a file; -o names the folder that the {codec.name} files go in."
        )
    return target


def _require_apart(reel: Reel, target: UPath) -> None:
    """The source is never written, whatever --force says."""
    if is_local(target) and Path(local_path(target)).resolve() == Path(reel.info.path).resolve():
        raise UsageError(
            f"{target} is the reel's source, which is never written. Choose another name with -o."
        )


def _require_source(reel: Reel) -> None:
    """Sound and all else is taken from the source, which must still be there as it was."""
    if not reel.info.streams:
        return
    source = Path(reel.info.path)
    found = source.stat().st_size if source.exists() else None
    if found != reel.info.size:
        state = "is not there" if found is None else f"has {found} bytes"
        raise DeliveryError(
            f"the source {source} {state}; its {len(reel.info.streams)} other streams are taken from it "
            f"({reel.info.size} bytes when it was ingested). Bring it back, and export again."
        )


def _pieces(reel: Reel, timeline: Timeline) -> tuple[Piece, ...]:
    plan = plan_of(reel)
    shots = reel.shots()
    pieces = []
    for start, stop in timeline.ranges:
        for shot in shots:
            first, last = max(start, shot.start), min(stop, shot.stop)
            if first < last:
                pieces.append(Piece(first, last, outcome_of(reel, shot, plan)))
    return tuple(pieces)


def _require_finished(reel: Reel, pieces: tuple[Piece, ...], request: ExportRequest) -> None:
    unfinished = [piece.outcome for piece in pieces if piece.outcome.unfinished]
    if not unfinished or request.allow_unfinished:
        return
    named = ", ".join(f"{outcome.shot.name} ({', '.join(outcome.unfinished)})" for outcome in unfinished[:5])
    more = f" and {len(unfinished) - 5} more" if len(unfinished) > 5 else ""
    raise UsageError(
        f"{len(unfinished)} shots of {reel.name} are not finished: {named}{more}. "
        f"Run `reelfix run {reel.root}` first, or export what is done with --shots."
    )
