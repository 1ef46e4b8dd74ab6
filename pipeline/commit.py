"""Commits: the only word on what is done. A product exists when its commit does, never by its chunks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from upath import UPath

from reelfix.io.documents import read_json, write_json
from reelfix.io.errors import StoreError


@dataclass(frozen=True)
class BlockCommit:
    """A block that is whole: what was written, and its digests."""

    start: int
    stop: int
    digests: dict[str, str]
    """Array name -> SHA-256 of the block's values (C order, little endian), before compression."""
    curves: dict[str, list[float]] = field(default_factory=dict)
    """One number per frame: `changed` (mean absolute change of the picture, in [0, 1]), `dirt` and
    `scratch` (fraction of the frame marked)."""
    state: str = ""
    """SHA-256 of what the stage carries on to the next block; none after a shot's last, and for a stage that
    carries nothing. See `carried`."""


@dataclass(frozen=True)
class ShotCommit:
    """All of a stage's products for a shot are whole."""

    stage: str
    key: str
    start: int
    stop: int
    settings: dict[str, Any]
    inputs: dict[str, str]
    weights: list[str]
    blocks: list[BlockCommit]
    seconds: float
    """Of the attempt that finished it."""
    device: str
    versions: dict[str, str]

    def curve(self, name: str) -> list[float]:
        """Join the blocks' curve `name`: one number per frame of the shot, or none."""
        return [value for block in self.blocks for value in block.curves.get(name, [])]


def _block_path(folder: UPath, start: int, stop: int) -> UPath:
    return folder / "blocks" / f"{start:07d}-{stop:07d}.json"


def commit_block(folder: UPath, commit: BlockCommit) -> None:
    """Declare a block whole. Its data must be safe on disk by now."""
    write_json(_block_path(folder, commit.start, commit.stop), asdict(commit))


def committed_blocks(folder: UPath, cut: Sequence[tuple[int, int]]) -> list[BlockCommit]:
    """Return the commits of the leading blocks of `cut` that are whole."""
    found: list[BlockCommit] = []
    for start, stop in cut:
        try:
            found.append(BlockCommit(**read_json(_block_path(folder, start, stop))))
        except FileNotFoundError:
            break
    return found


def withdraw_blocks(folder: UPath) -> None:
    """Take back all block commits.

    The last one goes first: a kill leaves leading blocks, never one after another that is missing.
    """
    blocks = folder / "blocks"
    if blocks.exists():
        for path in sorted(blocks.iterdir(), key=str, reverse=True):
            if path.suffix == ".json":
                path.unlink(missing_ok=True)


def commit_shot(folder: UPath, commit: ShotCommit) -> None:
    """Declare a shot whole."""
    write_json(folder / "commit.json", asdict(commit))


def read_commit(folder: UPath) -> ShotCommit | None:
    """Return the shot's commit; None where its products are not whole."""
    try:
        content = read_json(folder / "commit.json")
    except FileNotFoundError:
        return None
    try:
        blocks = [BlockCommit(**block) for block in content.pop("blocks")]
        return ShotCommit(blocks=blocks, **content)
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{folder / 'commit.json'} is not a commit ({error}). Remove {folder} and run the stage again."
        ) from error
