"""One ingest under way: what it reads, where it writes, and whether a stopped one can go on."""

from dataclasses import dataclass
from typing import Any

from reelfix.io.documents import read_json
from reelfix.io.errors import StoreError
from reelfix.io.filters import Filters
from reelfix.io.frame_store import FrameStore
from reelfix.io.probe import Probe
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.events import Emit, IngestProgress
from reelfix.pipeline.ingest_journal import IngestJournal
from reelfix.pipeline.ingest_options import IngestOptions
from reelfix.pipeline.reel import Reel


@dataclass(frozen=True)
class IngestJob:
    """An ingest, begun or taken up again."""

    reel: Reel
    probe: Probe
    filters: Filters | None
    options: IngestOptions
    journal: IngestJournal
    store: FrameStore
    emit: Emit

    def progress(self, step: str, done: int, total: int | None) -> None:
        """Tell how far a step is."""
        self.emit(IngestProgress(str(self.reel), step, done, total))


def begin_or_go_on(
    reel: Reel, probe: Probe, filters: Filters | None, options: IngestOptions, emit: Emit
) -> IngestJob:
    """Take up the reel's unfinished ingest, or begin one.

    Raises UsageError where one was begun of another source or with other options.
    """
    journal = IngestJournal(reel.root)
    header = _header(probe, filters, options)
    store = None if options.force else _begun_store(reel, journal, header)
    if store is None:
        previous = _previous_digest(reel)
        # From here on the reel is not whole: its document goes first.
        (reel.root / "reel.json").unlink(missing_ok=True)
        video = probe.video
        store = FrameStore.create(
            reel.root / "source.zarr", probe.store.format, height=video.height, width=video.width
        )
        journal.begin(header, previous_sha256=previous)
    return IngestJob(reel, probe, filters, options, journal, store, emit)


def _begun_store(reel: Reel, journal: IngestJournal, header: dict[str, Any]) -> FrameStore | None:
    if journal.header is None:
        return None
    if journal.header != header:
        raise UsageError(
            f"{reel} has an unfinished ingest that differs: {_difference(journal.header, header)}. "
            "Give the same source and options to go on with it, or --force to begin anew."
        )
    try:
        return FrameStore.open(reel.root / "source.zarr", read_only=False)
    except StoreError:
        return None  # removed by hand: there is nothing to go on with


def _header(probe: Probe, filters: Filters | None, options: IngestOptions) -> dict[str, Any]:
    """What must be the same for an ingest to go on."""
    source, video = probe.source, probe.video
    return {
        "version": 1,
        "source": {"path": source.path, "size": source.size, "modified_ns": source.modified_ns},
        "options": {
            "fps": str(options.fps) if options.fps else None,
            "filters": filters.chain if filters else None,
            "allow_lossy": options.allow_lossy,
        },
        "store": {"pix_fmt": probe.store.format.name, "height": video.height, "width": video.width},
    }


def _difference(begun: dict[str, Any], asked: dict[str, Any]) -> str:
    changes = [
        f"{part} {name} was {begun.get(part, {}).get(name)}, is {value}"
        for part in ("source", "options", "store")
        for name, value in asked[part].items()
        if begun.get(part, {}).get(name) != value
    ]
    return "; ".join(changes) or "it was begun by another version of reelfix"


def _previous_digest(reel: Reel) -> str | None:
    try:
        return str(read_json(reel.root / "reel.json")["sha256"])
    except (FileNotFoundError, KeyError, StoreError):
        return None
