"""Export: the restored reel as a master, checked before it gets its name."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from upath import UPath

from reelfix.io.carriage import Untaken, write_untaken
from reelfix.io.encode import Encoder, EncoderSettings, SequenceEncoder, StreamEncoder
from reelfix.io.errors import DeliveryError, SourceError
from reelfix.io.frame_store import Planes
from reelfix.io.landing import Landing, claim
from reelfix.io.master_check import (
    Decoded,
    PictureSequence,
    check_frames,
    check_streams,
    check_tags,
    decode_master,
    decoder_input,
    digest_streams,
)
from reelfix.io.mux import Muxer, MuxJob
from reelfix.io.picture import Converter, frame_digest, picture_digest
from reelfix.io.space import require_space, space_errors
from reelfix.io.storage import is_local, local_path
from reelfix.io.thumbnails import Thumbnail, ThumbnailFile, misplaced_frame, thumbnail
from reelfix.pipeline.ahead import ahead
from reelfix.pipeline.colour_planes import ColourPlanes
from reelfix.pipeline.events import Emit, ExportProgress, Notice, silent
from reelfix.pipeline.export_job import ExportJob, ExportRequest, plan_export
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.provenance import Sidecars, check_sidecars_free, write_sidecars
from reelfix.pipeline.reel import Reel

__all__ = ["ExportRequest", "Master", "export"]

_BLOCK_BYTES = 32 * 2**20
_MOST_FRAMES = 32
_REMEDY = "Free some space, or export to another disk with -o."


@dataclass(frozen=True)
class Master:
    """A finished export."""

    path: UPath
    """The file; of an image sequence: the folder."""
    frames: int
    sidecars: tuple[UPath, ...]
    untaken: tuple[Untaken, ...]
    """Streams of the source that are not in the master, and where they went."""
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Meant:
    """What the encoder was given: what the master must decode to."""

    digests: tuple[str, ...]
    """MD5 of every frame in `pix_fmt`."""
    pix_fmt: str
    thumbnails: tuple[Thumbnail, ...]
    """Of every frame, where the codec loses something; else none."""
    mux: MuxJob | None
    """None for an image sequence."""


def export(reel: Reel, request: ExportRequest, emit: Emit = silent) -> Master:
    """Write a master of `reel`; it has its name only once every check has passed.

    Raises UsageError (the request), DeliveryError (a check, a name that is taken) or SpaceError. What failed
    its checks is kept as `<name>.failed`; what was interrupted is removed.
    """
    job = plan_export(reel, request)
    _require_space(job)
    check_sidecars_free(job.target, force=request.force)
    with claim(job.target, is_folder=job.codec.is_sequence, force=request.force) as landing:
        meant = write_pictures(job, landing, emit)
        decoded, findings = check_master(job, landing, meant, emit)
        if findings:
            raise _failed(job, landing, findings)
        untaken = _write_untaken(job)
        sidecars = write_sidecars(job, landing, decoded, meant.pix_fmt, untaken)
        landing.publish()
    return _announce(job, sidecars, untaken, emit)


def _require_space(job: ExportJob) -> None:
    video = job.picture
    raw = job.timeline.frame_count * video.pixel_format.frame_bytes(video.height, video.width)
    require_space(
        _work_place(job),
        int(raw * job.codec.typical_ratio),
        what=f"the master {job.target.name}",
        remedy=_REMEDY,
    )


def _work_place(job: ExportJob) -> UPath:
    """Where the master is written until it is whole."""
    return job.target.parent if is_local(job.target) else UPath(tempfile.gettempdir())


def write_pictures(job: ExportJob, landing: Landing, emit: Emit) -> Meant:
    """Encode (and for a file, mux) every frame of the job into the landing's work."""
    converter = job.converter()
    video = job.picture
    settings = EncoderSettings(
        codec=job.codec,
        source=video.pixel_format,
        pixel_format=converter.target,
        height=converter.height,
        width=converter.width,
        rate=video.rate_fraction,
        time_base=job.clock.time_base,
        tags=converter.tags,
        thread_count=job.request.thread_count or os.cpu_count() or 1,
    )
    with space_errors(_work_place(job), what=f"the master {job.target.name}", remedy=_REMEDY):
        if job.codec.is_sequence:
            first = job.timeline.segments[0].start
            encoder = SequenceEncoder(landing.work, job.reel.name, first, settings)
            given = _encode(job, converter, encoder, emit)
            mux = None
        else:
            mux = MuxJob(
                job.reel.info,
                str(job.codec.container),
                job.timeline,
                job.carriage,
                converter.tags,
                converter.height,
                converter.width,
            )
            with Muxer(mux, landing.work) as muxer:
                given = _encode(job, converter, StreamEncoder(muxer.url, settings), emit)
    pix_fmt = video.store_pix_fmt if converter.keeps_code_values else converter.target
    return Meant(given.digests, pix_fmt, given.thumbnails, mux)


@dataclass(frozen=True)
class Given:
    """What an encoder was given."""

    digests: tuple[str, ...]
    thumbnails: tuple[Thumbnail, ...]


def _encode(job: ExportJob, converter: Converter, encoder: Encoder, emit: Emit) -> Given:
    """Feed the encoder every frame, in order."""
    digests: list[str] = []
    thumbnails: list[Thumbnail] = []
    total = job.timeline.frame_count
    try:
        for block in ahead(frame_blocks(job)):
            for index in range(block.frame_count):
                pictures = block.pictures(index, side_by_side=job.request.side_by_side)
                frame = converter.convert(*pictures)
                place = len(digests)
                digests.append(block.digests[index] if converter.keeps_code_values else frame_digest(frame))
                if not job.codec.is_lossless:
                    thumbnails.append(thumbnail(frame))
                encoder.add(frame, job.clock.pts[place], job.clock.durations[place])
            emit(ExportProgress(str(job.reel), "encode", len(digests), total))
        encoder.finish()
    finally:
        encoder.close()
    return Given(tuple(digests), tuple(thumbnails))


@dataclass(frozen=True)
class FrameBlock:
    """Some neighbouring frames of a master."""

    before: Planes
    after: Planes
    digests: tuple[str, ...]
    """MD5 of each frame's planes, after."""

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return len(self.digests)

    def pictures(self, index: int, *, side_by_side: bool) -> tuple[Planes, ...]:
        """Return the frame's planes (H, W): as restored, or the source's and those."""
        shown = (self.before, self.after) if side_by_side else (self.after,)
        return tuple({name: values[index] for name, values in planes.items()} for planes in shown)


def frame_blocks(job: ExportJob) -> Iterator[FrameBlock]:
    """Read the job's frames in order: the source's planes, with the change that the stages made."""
    store = job.reel.store()
    info = job.reel.info
    pixel_map = PixelMap.of(info.video, is_monochrome=info.is_monochrome)
    colour = ColourPlanes.of(info.video, is_monochrome=info.is_monochrome) if job.is_coloured else None
    pixel_format = job.picture.pixel_format
    frame_bytes = pixel_format.frame_bytes(store.height, store.width)
    step = max(1, min(_MOST_FRAMES, _BLOCK_BYTES // frame_bytes))
    for piece in job.pieces:
        for start in range(piece.start, piece.stop, step):
            stop = min(start + step, piece.stop)
            before = after = store.read(start, stop)
            if piece.is_restored:
                ingested, restored = piece.outcome.read(start, stop)
                after = pixel_map.apply_change(before, ingested, restored)
                chroma = piece.outcome.chroma(start, stop) if piece.has_chroma else None
                if colour is not None and chroma is not None:
                    after = colour.coloured(after, chroma, restored)
            if colour is not None:
                before, after = colour.plain(before), colour.plain(after)
            digests = (
                picture_digest({name: values[index] for name, values in after.items()}, pixel_format)
                for index in range(stop - start)
            )
            yield FrameBlock(before, after, tuple(digests))


def check_master(
    job: ExportJob, landing: Landing, meant: Meant, emit: Emit
) -> tuple[Decoded | None, list[str]]:
    """Check the finished work; returns its framemd5 (None where no check was asked for) and what is wrong."""
    findings: list[str] = []
    decoded = None
    shift = Fraction(0)
    if job.request.check:
        try:
            decoded, findings, shift = _check_pictures(job, landing.work, meant, emit)
        except SourceError as error:
            return None, [f"it cannot be decoded: {error}"]
    if meant.mux is not None:
        findings += check_tags(landing.work, meant.mux)
        taken = [stream.index for stream in job.carriage.taken]
        expected = digest_streams(job.source_file, taken, job.timeline) if taken else {}
        findings += check_streams(landing.work, meant.mux, expected, shift=shift, tick=job.tick)
    return decoded, findings


def _check_pictures(
    job: ExportJob, work: Path, meant: Meant, emit: Emit
) -> tuple[Decoded, list[str], Fraction]:
    """Decode the master and compare: bits where the codec loses none, else looks; returns the shift too."""
    with tempfile.TemporaryDirectory(prefix="reelfix-check-") as folder:
        small = _thumbnail_file(job, Path(folder)) if meant.thumbnails else None
        decoded = decode_master(
            *decoder_input(work, _sequence(job)),
            meant.pix_fmt,
            thumbnails=small,
            progress=lambda done: _tell(emit, job, done, job.timeline.frame_count),
        )
        digests = meant.digests if job.codec.is_lossless else None
        findings, shift = check_frames(decoded.frames, job.clock, digests, tick=job.tick)
        if small is not None and (wrong := misplaced_frame(small.read(), meant.thumbnails)):
            findings.append(wrong)
    return decoded, findings, shift


def _thumbnail_file(job: ExportJob, folder: Path) -> ThumbnailFile:
    converter = job.converter()
    return ThumbnailFile(folder / "thumbnails", converter.height, converter.width)


def _sequence(job: ExportJob) -> PictureSequence | None:
    if not job.codec.is_sequence:
        return None
    first = job.timeline.segments[0].start
    return PictureSequence(job.reel.name, job.codec.suffix, first, job.reel.info.video.rate_fraction)


def _tell(emit: Emit, job: ExportJob, done: int, total: int) -> None:
    if done % _MOST_FRAMES == 0 or done == total:
        emit(ExportProgress(str(job.reel), "check", done, total))


def _failed(job: ExportJob, landing: Landing, findings: list[str]) -> DeliveryError:
    kept = landing.keep_as_failed()
    job.reel.decide("export failed", master=str(job.target), findings=findings, kept=str(kept))
    return DeliveryError(
        f"the master {job.target} failed its checks and was not given its name: {'; '.join(findings)}. "
        f"It is kept as {kept}; the source and the reel are as they were."
    )


def _write_untaken(job: ExportJob) -> tuple[Untaken, ...]:
    if not job.carriage.untaken or not is_local(job.target):
        return job.carriage.untaken
    stem = Path(local_path(job.target))
    return tuple(write_untaken(job.reel.info.path, entry, stem) for entry in job.carriage.untaken)


def _announce(job: ExportJob, sidecars: Sidecars, untaken: tuple[Untaken, ...], emit: Emit) -> Master:
    """Record the export with the reel, and tell what the archivist should know."""
    notices = [
        f"{entry.kind} stream {entry.index} ({entry.codec}) is not in the master: {entry.reason}"
        + (f"; it is in {entry.sidecar}" if entry.sidecar else "")
        for entry in untaken
    ]
    if job.clock.largest_rounding > 0:
        milliseconds = float(job.clock.largest_rounding * 1000)
        notices.append(
            f"frames are shown up to {milliseconds:.3f} ms off, on the master's clock of {job.tick} s"
        )
    for notice in notices:
        emit(Notice(str(job.reel), notice))
    job.reel.decide(
        "export",
        master=str(job.target),
        codec=job.codec.name,
        frames=job.timeline.frame_count,
        ranges=job.timeline.ranges,
        sha256=sidecars.sha256,
        notices=notices,
    )
    return Master(job.target, job.timeline.frame_count, sidecars.paths, untaken, tuple(notices))
