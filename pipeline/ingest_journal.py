"""What an ingest has safely stored: an append-only journal, from which a stopped one goes on."""

from dataclasses import dataclass, field
from typing import Any, Self

from upath import UPath

from reelfix.io.documents import append_record, read_records
from reelfix.io.frames import SourceFrame
from reelfix.io.source_info import DamagedFrame

JOURNAL = "ingest.jsonl"


@dataclass
class Tally:
    """What is kept of frames beside their planes, over one shard or the whole reel."""

    pts: list[int] = field(default_factory=list)
    damaged: list[DamagedFrame] = field(default_factory=list)
    missing_times: int = 0
    moved_times: int = 0
    after_damage: int = 0
    """Frames that may show traces of a damaged one before them."""
    coloured: float = 0.0
    """The largest part of a frame's samples that is not grey; see `io/neutrality.py`."""

    def add(self, frame: SourceFrame, coloured: float) -> None:
        """Take a frame into account."""
        self.coloured = max(self.coloured, coloured)
        self.pts.append(frame.pts)
        self.missing_times += frame.time_is == "missing"
        self.moved_times += frame.time_is == "moved"
        self.after_damage += frame.follows_damage
        if frame.damage is not None:
            self.damaged.append(frame.damage)

    def extend(self, other: Self) -> None:
        """Take the following shard into account."""
        self.pts += other.pts
        self.damaged += other.damaged
        self.missing_times += other.missing_times
        self.moved_times += other.moved_times
        self.after_damage += other.after_damage
        self.coloured = max(self.coloured, other.coloured)

    def to_json(self) -> dict[str, Any]:
        """Return the content of a record."""
        return {
            "pts": self.pts,
            "damaged": [frame.model_dump(mode="json") for frame in self.damaged],
            "missing_times": self.missing_times,
            "moved_times": self.moved_times,
            "after_damage": self.after_damage,
            "coloured": self.coloured,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Read a record's content."""
        return cls(
            pts=[int(pts) for pts in record["pts"]],
            damaged=[DamagedFrame.model_validate(frame) for frame in record["damaged"]],
            missing_times=int(record["missing_times"]),
            moved_times=int(record["moved_times"]),
            after_damage=int(record["after_damage"]),
            coloured=float(record["coloured"]),
        )


class IngestJournal:
    """The journal of one ingest.

    A record of a shard is appended once the shard is on disk, so what the journal says is always there.
    """

    def __init__(self, root: UPath) -> None:
        self.path = root / JOURNAL
        self.header: dict[str, Any] | None = None
        """Source, options and store of the ingest under way; None before it has begun."""
        self.sha256: str | None = None
        """The source's digest, once it is known."""
        self.previous_sha256: str | None = None
        """The digest of the source that the reel had before it was ingested anew."""
        self._shards: list[tuple[int, Tally]] = []
        self.end: dict[str, Any] | None = None
        """How the source ended; None while frames are still to come."""
        for record in read_records(self.path):
            self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        match record.get("record"):
            case "begin":
                self.header, self.sha256, self.end = record["ingest"], None, None
                self.previous_sha256 = record.get("previous_sha256")
                self._shards.clear()
            case "digest":
                self.sha256 = record["sha256"]
            case "shard":
                # A short last shard is written again where the source's end was not recorded.
                while self._shards and self._shards[-1][0] >= record["start"]:
                    self._shards.pop()
                self._shards.append((int(record["start"]), Tally.from_json(record)))
            case "end":
                self.end = record

    def whole_shards(self, frames_per_shard: int) -> Tally:
        """Return the account of the frames that need not be read again: of shards that are full."""
        total = Tally()
        for start, shard in self._shards:
            if start != len(total.pts) or len(shard.pts) != frames_per_shard:
                break
            total.extend(shard)
        return total

    def all_frames(self) -> Tally:
        """Return the account of all committed frames: of the whole source, once its end is recorded."""
        total = Tally()
        for _, shard in self._shards:
            total.extend(shard)
        return total

    def begin(self, header: dict[str, Any], *, previous_sha256: str | None) -> None:
        """Begin anew: what was recorded before no longer counts."""
        self._append({"record": "begin", "ingest": header, "previous_sha256": previous_sha256})

    def set_digest(self, sha256: str) -> None:
        """Record the source's digest."""
        self._append({"record": "digest", "sha256": sha256})

    def commit(self, start: int, tally: Tally) -> None:
        """Record a shard that is on disk."""
        self._append({"record": "shard", "start": start, "stop": start + len(tally.pts), **tally.to_json()})

    def finish(self, *, ended_early: bool, time_base: str) -> None:
        """Record that the source has no more frames."""
        self._append({"record": "end", "ended_early": ended_early, "time_base": time_base})

    def _append(self, record: dict[str, Any]) -> None:
        append_record(self.path, record)
        self._take(record)
