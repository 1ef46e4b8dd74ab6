"""Export: the restored reel as a master, checked before it gets its name."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from reelfix.io.carriage import Untaken, write_untaken
from reelfix.io.encode import Encoder, EncoderSettings, SequenceEncoder, StreamEncoder
from reelfix.io.errors import DeliveryError
from reelfix.io.landing import Landing, claim
from reelfix.io.mux import Muxer, MuxJob
from reelfix.io.picture import Converter, frame_digest
from reelfix.io.space import require_space, space_errors
from reelfix.io.storage import is_local, local_path
from reelfix.io.thumbnails import Thumbnail, thumbnail
from reelfix.pipeline.ahead import ahead
from reelfix.pipeline.events import Emit, ExportProgress, Notice, silent
from reelfix.pipeline.export_check import Meant, check_master
from reelfix.pipeline.export_frames import frame_blocks
from reelfix.pipeline.export_job import ExportJob, ExportRequest, plan_export
from reelfix.pipeline.provenance import Sidecars, check_sidecars_free, write_sidecars
from reelfix.pipeline.reel import Reel

__all__ = ["ExportRequest", "Master", "export"]

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
