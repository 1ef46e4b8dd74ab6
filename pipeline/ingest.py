"""Ingest: from a source to a reel, every frame as decoded, proved against the stock ffmpeg."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from reelfix.io.documents import read_json, write_json
from reelfix.io.errors import SourceError, StoreError
from reelfix.io.filters import Filters, filters_for
from reelfix.io.fixity import BackgroundDigest, digest
from reelfix.io.framemd5 import Comparison, compare
from reelfix.io.interlace import measure_interlace
from reelfix.io.probe import Probe, probe
from reelfix.io.source_info import Interlace, SourceInfo
from reelfix.io.sources import Source, find_source
from reelfix.io.storage import Location
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.events import Emit, IngestProgress, Notice
from reelfix.pipeline.ingest_frames import store_frames
from reelfix.pipeline.ingest_info import describe_source
from reelfix.pipeline.ingest_job import IngestJob, begin_or_go_on
from reelfix.pipeline.ingest_options import IngestOptions
from reelfix.pipeline.lock import hold_reel
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import check_shots, shots_from_json, shots_to_json

__all__ = ["IngestOptions", "ingest"]

_PROGRESS_FRAMES = 32


def ingest(source: Location, reel_root: Location | None, options: IngestOptions, emit: Emit) -> Reel:
    """Make the reel of a source, or go on with one that was begun; returns it whole.

    `reel_root` is the reel's own folder; None: `<name>.reel` in the working folder. Raises SourceError,
    SpaceError, StoreError, UsageError, ReelError; what was committed before stays, and counts next time.
    """
    filters = _filters(options)
    found = find_source(source, fps=options.fps)
    _refuse_rate(found, options)
    reel = Reel(reel_root if reel_root is not None else Path.cwd() / f"{found.name}.reel")
    probed = probe(found)
    _refuse_lossy(probed, options)
    with hold_reel(reel.root, "ingest"):
        if _is_whole(reel, found, filters, options, emit):
            return reel
        job = begin_or_go_on(reel, probed, filters, options, emit)
        with BackgroundDigest(found) as before, _measured_interlace(probed) as interlace:
            tally = store_frames(job)
            sha256 = _same_digest(job, before.result())
            info = describe_source(job, tally, sha256, interlace.result())
        with BackgroundDigest(found) as after:
            _prove(job, info)
            _cut_into_shots(job, info)
            _refuse_change(job, sha256, after.result())
        write_json(reel.root / "reel.json", info.model_dump(mode="json"))
        reel.decide(
            "ingest", source=found.path, sha256=sha256, frames=info.frame_count, proved=options.verify
        )
        for notice in info.notices:
            emit(Notice(str(reel), notice))
    return Reel(reel.root)


def _filters(options: IngestOptions) -> Filters | None:
    try:
        return filters_for(deinterlace=options.deinterlace, ivtc=options.ivtc)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _refuse_rate(found: Source, options: IngestOptions) -> None:
    if options.fps is not None and options.fps <= 0:
        raise UsageError(f"fps = {options.fps} must be > 0: frames per second, as in 24 or 24000/1001.")
    if options.fps is not None and found.kind == "file":
        raise UsageError(
            f"a frame rate (--fps {options.fps}) was given for {found.path}, which is a file with its own "
            "timing. It is for image sequences: leave it out."
        )


def _refuse_lossy(probed: Probe, options: IngestOptions) -> None:
    if not probed.store.is_lossless and not options.allow_lossy:
        raise SourceError(
            f"{probed.source.path} has floating-point pictures ({probed.store.source}), which the store "
            f"cannot keep exactly. Allow rounding to {probed.store.format.name} with --allow-lossy, "
            "or convert the source yourself."
        )


def _is_whole(reel: Reel, found: Source, filters: Filters | None, options: IngestOptions, emit: Emit) -> bool:
    """Whether there is nothing to do; raises UsageError where the reel is of something else."""
    if options.force or not (reel.root / "reel.json").exists():
        return False
    info = reel.info
    sha256 = digest(found, progress=lambda done: emit(IngestProgress(str(reel), "hash", done, found.size)))
    if sha256 != info.sha256:
        raise UsageError(
            f"{reel} is the reel of another source ({info.path}, SHA-256 {info.sha256[:12]}...; this one has "
            f"{sha256[:12]}...). Name another reel, or replace it with --force."
        )
    chain = filters.chain if filters else None
    if info.filters != chain:
        raise UsageError(
            f"{reel} was ingested with filters {info.filters}, not {chain}. "
            "Name another reel, or ingest anew with --force."
        )
    emit(Notice(str(reel), f"already ingested: {info.frame_count} frames of {info.path}, the same SHA-256"))
    return True


@contextmanager
def _measured_interlace(probed: Probe) -> Iterator[Future[Interlace]]:
    """Measure interlace beside the decoding; stopped on leaving."""
    frames = probed.expected_frames
    seconds = float(frames / probed.video.rate_fraction) if frames else None
    stop = Event()
    with ThreadPoolExecutor(1, thread_name_prefix="interlace") as pool:
        try:
            yield pool.submit(
                measure_interlace,
                probed.source,
                probed.video.index,
                frames=frames,
                duration_seconds=seconds,
                stop=stop,
            )
        finally:
            stop.set()


def _same_digest(job: IngestJob, sha256: str) -> str:
    """Record the source's digest, or hold it against the one that a stopped ingest recorded."""
    if job.journal.sha256 is None:
        job.journal.set_digest(sha256)
    else:
        _refuse_change(job, job.journal.sha256, sha256)
    return sha256


def _refuse_change(job: IngestJob, before: str, after: str) -> None:
    if before != after:
        raise SourceError(
            f"{job.probe.source.path} has changed while it was ingested: its SHA-256 was {before}, "
            f"is {after}. See who writes to it, then ingest anew with --force."
        )


def _prove(job: IngestJob, info: SourceInfo) -> None:
    """Hold the whole store against the source by framemd5; raises StoreError at the first difference."""
    if not job.options.verify:
        return
    for outcome in compare(job.store, job.probe.source, info):
        if isinstance(outcome, Comparison):
            if outcome.difference is not None:
                raise StoreError(
                    f"the frames stored are not those of {info.path}: {outcome.difference}. "
                    "Ingest anew with --force; if it comes again, report it with the source's format."
                )
        elif outcome % _PROGRESS_FRAMES == 0 or outcome == info.frame_count:
            job.progress("verify", outcome, info.frame_count)


def _cut_into_shots(job: IngestJob, info: SourceInfo) -> None:
    """Write the shot list, unless the reel has one of the same source already: it may be edited by hand."""
    path = job.reel.root / "shots.json"
    if job.journal.previous_sha256 in (None, info.sha256) and path.exists():
        try:
            check_shots(shots_from_json(read_json(path), where=str(path)), info.frame_count)
            return
        except (UsageError, StoreError):
            pass  # of another cut of the source, or damaged: made anew
    path.unlink(missing_ok=True)
    if not job.options.detect_shots:
        return
    from reelfix.pipeline.shot_detection import detect_shots

    shots = detect_shots(
        job.store,
        PixelMap.of(info.video, is_monochrome=info.is_monochrome),
        float(info.video.rate_fraction),
        lambda done: job.progress("shots", done, info.frame_count),
    )
    write_json(path, shots_to_json(shots))
