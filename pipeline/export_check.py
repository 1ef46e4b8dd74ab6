"""The checks that a master must pass before it gets its name."""

import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reelfix.io.errors import SourceError
from reelfix.io.landing import Landing
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
from reelfix.io.mux import MuxJob
from reelfix.io.thumbnails import Thumbnail, ThumbnailFile, misplaced_frame
from reelfix.pipeline.events import Emit, ExportProgress
from reelfix.pipeline.export_job import ExportJob

_PROGRESS_FRAMES = 32
"""Frames between two events."""


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
    if done % _PROGRESS_FRAMES == 0 or done == total:
        emit(ExportProgress(str(job.reel), "check", done, total))
