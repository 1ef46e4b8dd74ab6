"""Shards to disk and journal, beside the decoding."""

from queue import Queue
from threading import Event, Thread

from upath import UPath

from reelfix.io.frame_store import Shard
from reelfix.io.space import require_space, space_errors
from reelfix.pipeline.ingest_journal import IngestJournal, Tally

_WHAT = "the ingest"
_LEAST_COMPRESSED = 0.3
"""Part of a frame's bytes that the store takes at the least, before the first shard has told."""


class ShardWriter:
    """Writes and commits shards in order on a thread of its own; leaving it waits for the one under way.

    `frame_bytes`: of one frame uncompressed; `frames`: as many as the reel is expected to have, if known.
    """

    def __init__(self, root: UPath, journal: IngestJournal, *, frame_bytes: int, frames: int | None) -> None:
        self._root = root
        self._journal = journal
        self._frames = frames
        self._bytes_per_frame = frame_bytes * _LEAST_COMPRESSED
        self.committed = 0
        """Frames that are safe on disk."""
        self._queue: Queue[tuple[Shard, Tally] | None] = Queue(maxsize=1)
        self._error: BaseException | None = None
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="shard writer", daemon=True)

    def start(self, committed: int) -> None:
        """Begin; `committed` frames are on disk already. Raises SpaceError where the rest cannot fit."""
        self.committed = committed
        self._require_space(0)
        self._thread.start()

    def put(self, shard: Shard, tally: Tally) -> None:
        """Hand over a shard; waits while one is being written and another is waiting.

        Raises what writing an earlier one raised: SpaceError, OSError.
        """
        self._raise_error()
        self._queue.put((shard, tally))

    def finish(self) -> None:
        """Wait for all shards; raises what writing one raised."""
        self._queue.put(None)
        self._thread.join()
        self._raise_error()

    def stop(self) -> None:
        """Give up what has not begun; wait for the shard being written."""
        self._stopped.set()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is None and not self._stopped.is_set():
                try:
                    self._commit(*item)
                except BaseException as error:  # noqa: BLE001 - raised again in the thread that decodes
                    self._error = error

    def _commit(self, shard: Shard, tally: Tally) -> None:
        with space_errors(self._root, what=_WHAT, remedy=self._remedy()):
            written = shard.write()
            self._journal.commit(shard.start, tally)
        self._bytes_per_frame = written / (shard.stop - shard.start)
        self.committed = shard.stop
        self._require_space(written)

    def _require_space(self, following: int) -> None:
        """Room for the frames still to come, or for one more shard where their number is not known."""
        needed = following
        if self._frames is not None:
            needed = round(max(0, self._frames - self.committed) * self._bytes_per_frame)
        if needed:
            require_space(self._root, needed, what=_WHAT, remedy=self._remedy())

    def _remedy(self) -> str:
        return (
            f"Free some space and run the same command again: it goes on from frame {self.committed}. "
            "Or ingest to another disk with --into."
        )

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error
