"""Frames from a source into the store: decoding, compressing and writing beside each other."""

import os
from contextlib import ExitStack
from time import monotonic

import numpy as np

from reelfix.io.decoder_log import listen
from reelfix.io.errors import SourceError
from reelfix.io.frame_store import StoreWriter
from reelfix.io.frames import FrameReader
from reelfix.io.neutrality import coloured_part
from reelfix.pipeline.ingest_job import IngestJob
from reelfix.pipeline.ingest_journal import Tally
from reelfix.pipeline.ingest_resume import remaining_frames
from reelfix.pipeline.ingest_writer import ShardWriter

_PROGRESS_SECONDS = 0.2


def store_frames(job: IngestJob) -> Tally:
    """Bring every frame of the source into the store that is not there; returns the account of all.

    Raises SourceError, SpaceError; what is committed by then stays.
    """
    if job.journal.end is not None:
        return job.journal.all_frames()
    committed = job.journal.whole_shards(job.store.frames_per_shard)
    job.store.finish(np.array(committed.pts, dtype=np.int64))
    with listen() as log:
        reader = FrameReader(
            job.probe,
            filters=job.filters,
            threads=job.options.thread_count,
            strict=job.options.strict,
            log=log,
        )
        _write(job, reader, committed)
    tally = job.journal.all_frames()
    if not tally.pts:
        raise SourceError(f"{job.probe.source.path} has no frame that can be decoded.")
    job.store.finish(np.array(tally.pts, dtype=np.int64))
    job.journal.finish(ended_early=reader.ended_early, time_base=str(reader.time_base))
    return tally


def _write(job: IngestJob, reader: FrameReader, committed: Tally) -> None:
    """Write the frames after the committed ones, shard by shard."""
    pixel_format, video = job.probe.store.format, job.probe.video
    count = len(committed.pts)
    shards = ShardWriter(
        job.reel.root,
        job.journal,
        frame_bytes=pixel_format.frame_bytes(video.height, video.width),
        frames=job.probe.expected_frames,
    )
    with ExitStack() as closing:
        compressing = closing.enter_context(
            StoreWriter(job.store, count, threads=job.options.thread_count or os.cpu_count() or 1)
        )
        closing.callback(shards.stop)
        shards.start(count)
        tally = Tally()
        told = monotonic()
        may_seek = job.filters is None
        for frame in remaining_frames(reader, job.store, committed, job.probe, may_seek=may_seek):
            compressing.add(frame.planes)
            tally.add(frame, coloured_part(frame.planes, pixel_format))
            if compressing.is_full:
                shards.put(compressing.take(), tally)
                tally = Tally()
            if monotonic() - told > _PROGRESS_SECONDS:
                told = monotonic()
                job.progress("decode", shards.committed, job.probe.expected_frames)
        if tally.pts:
            shards.put(compressing.take(), tally)
        shards.finish()
        job.progress("decode", shards.committed, shards.committed)
