"""A reel: the workspace made from one source."""

import getpass
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Any

from pydantic import ValidationError
from upath import UPath

from reelfix.io.documents import append_record, read_json, read_records, write_json
from reelfix.io.frame_store import FrameStore
from reelfix.io.source_info import SourceInfo
from reelfix.io.storage import Location, as_path
from reelfix.pipeline.errors import ReelError
from reelfix.pipeline.pixels import PixelMap, black_and_white
from reelfix.pipeline.shots import Shot, check_shots, shots_from_json, shots_to_json
from reelfix.pipeline.stage import ClipFormat


class Reel:
    """The folder `reel01.reel/`, local or remote, and what lies where in it."""

    def __init__(self, root: Location) -> None:
        self.root = as_path(root)

    @classmethod
    def open(cls, root: Location) -> "Reel":
        """Open an ingested reel; raises ReelError where `reel.json` is missing."""
        reel = cls(root)
        if not (reel.root / "reel.json").exists():
            state = "its ingest has not finished" if (reel.root / "ingest.jsonl").exists() else "no reel.json"
            raise ReelError(
                f"{reel.root} is not an ingested reel ({state}). Run `reelfix ingest` on its source."
            )
        return reel

    def __str__(self) -> str:
        return str(self.root)

    @property
    def name(self) -> str:
        """`reel01` for `reel01.reel/`."""
        return self.root.name.removesuffix(".reel")

    @cached_property
    def info(self) -> SourceInfo:
        """The source: the content of `reel.json`; raises ReelError where it cannot be read."""
        try:
            return SourceInfo.model_validate(read_json(self.root / "reel.json"))
        except FileNotFoundError as error:
            raise ReelError(f"{self.root} has no reel.json. Run `reelfix ingest` on its source.") from error
        except ValidationError as error:
            raise ReelError(f"{self.root / 'reel.json'} is not as this version writes it: {error}") from error

    @property
    def clip(self) -> ClipFormat:
        """The frames as stages see them."""
        video = self.info.video
        pixel_map = PixelMap.of(video, is_monochrome=self.info.is_monochrome)
        black, white = black_and_white(video)
        return ClipFormat(
            height=video.height,
            width=video.width,
            channels=1 if self.info.is_monochrome else 3,
            depth=video.pixel_format.depth,
            rate=float(video.rate_fraction),
            black=black,
            white=white,
            red_weight=pixel_map.red_weight,
            blue_weight=pixel_map.blue_weight,
        )

    @property
    def source_key(self) -> str:
        """What a product depends on of the source: its digest, and the filters it was read through."""
        return self.info.sha256 + (f"+{self.info.filters}" if self.info.filters else "")

    def store(self) -> FrameStore:
        """Open the frame store."""
        return FrameStore.open(self.root / "source.zarr")

    def shots(self) -> tuple[Shot, ...]:
        """Return the shot list, checked; the whole reel as one shot where there is none yet."""
        path = self.root / "shots.json"
        try:
            shots = shots_from_json(read_json(path), where=str(path))
        except FileNotFoundError:
            return (Shot(1, 0, self.info.frame_count),)
        check_shots(shots, self.info.frame_count)
        return shots

    def write_shots(self, shots: Sequence[Shot]) -> None:
        """Replace the shot list; raises UsageError unless the shots cover the reel."""
        check_shots(shots, self.info.frame_count)
        write_json(self.root / "shots.json", shots_to_json(shots))

    def product_folder(self, stage: str, key: str, shot: Shot) -> UPath:
        """Where a stage's products for a shot lie.

        Named by the shot's frames, not its number: numbers move when an earlier shot is split.
        """
        return self.root / "stages" / stage / key / f"frames-{shot.start:07d}-{shot.stop:07d}"

    def decide(self, kind: str, **details: Any) -> None:
        """Append to `decisions.jsonl`: when, who, what, and why."""
        append_record(
            self.root / "decisions.jsonl",
            {
                "when": datetime.now(UTC).isoformat(timespec="seconds"),
                "who": f"{getpass.getuser()}@{socket.gethostname()}",
                "what": kind,
                "reelfix": version("reelfix"),
                **details,
            },
        )

    def decisions(self) -> Iterator[dict[str, Any]]:
        """Yield what was decided, oldest first."""
        return read_records(self.root / "decisions.jsonl")
