"""Going on where a stopped ingest was: from a place in the source that is proved to be the same."""

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np

from reelfix.io.errors import SourceError
from reelfix.io.frame_store import FrameStore
from reelfix.io.frames import Clock, FrameReader, SourceFrame, Start
from reelfix.io.probe import Probe
from reelfix.pipeline.ingest_journal import Tally

_OVERLAP = 2


def remaining_frames(
    reader: FrameReader, store: FrameStore, committed: Tally, probe: Probe, *, may_seek: bool
) -> Iterator[SourceFrame]:
    """Yield the frames that the store does not have yet.

    Seeks to just before them where every picture stands for itself, else decodes from the start; either way
    the last frames that are stored are decoded again and must be the same, plane for plane. Raises
    SourceError where they are not.
    """
    count = len(committed.pts)
    if count == 0:
        yield from reader.frames()
        return
    if may_seek and probe.is_intra_only and count > _OVERLAP and _keeps_one_rate(committed, probe):
        frames = reader.frames(_start_before(count, committed, probe))
        again = list(islice(frames, _OVERLAP))
        if [frame.number for frame in again] == [count - 2, count - 1] and all(
            _is_stored(frame, store, committed) for frame in again
        ):
            yield from frames
            return
    frames = reader.frames()
    for frame in islice(frames, count):
        is_last = frame.number >= count - _OVERLAP
        if frame.pts != committed.pts[frame.number] or (is_last and not _is_stored(frame, store, committed)):
            raise SourceError(
                f"frame {frame.number} (pts {frame.pts}) of {probe.source.path} is no longer what "
                "the stopped ingest stored: the source or the decoder has changed. Ingest with --force "
                "to begin anew."
            )
    yield from frames


def _start_before(count: int, committed: Tally, probe: Probe) -> Start:
    """The place of the first frame that is decoded again."""
    before = committed.pts[count - _OVERLAP - 1]
    step = 1 / (probe.video.rate_fraction * probe.video.time_base_fraction)
    return Start(count - _OVERLAP, before, Clock(step, first=committed.pts[0], last=before))


def _keeps_one_rate(committed: Tally, probe: Probe) -> bool:
    """Whether what follows depends on no more than the frame before it: on no mended time, on no gap."""
    if committed.missing_times + committed.moved_times > 0:
        return False
    step = float(1 / (probe.video.rate_fraction * probe.video.time_base_fraction))
    return all(round((after - before) / step) == 1 for before, after in pairwise(committed.pts))


def _is_stored(frame: SourceFrame, store: FrameStore, committed: Tally) -> bool:
    if frame.pts != committed.pts[frame.number]:
        return False
    stored = store.read(frame.number, frame.number + 1)
    return all(np.array_equal(values, stored[name][0]) for name, values in frame.planes.items())
