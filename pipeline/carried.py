"""What a stage carries from block to block of a shot: kept beside the commits until it is no longer needed.

The state after a block is durable before the block's commit, which states its digest; it is removed once a
later block is committed. So there is always the state from which the next block goes on, and none is left
of a shot that is whole.
"""

import hashlib
from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from upath import UPath

from reelfix.io.documents import write_bytes
from reelfix.pipeline.commit import BlockCommit

State = Mapping[str, torch.Tensor]
"""Name -> tensor; empty before a shot's first frame."""

_SUFFIX = ".safetensors"


def _state_path(folder: UPath, start: int, stop: int) -> UPath:
    return folder / "blocks" / f"{start:07d}-{stop:07d}{_SUFFIX}"


def keep_state(folder: UPath, start: int, stop: int, state: State) -> str:
    """Make the state after the block `[start, stop)` durable; returns the SHA-256 of its file.

    Raises OSError where the disk is full.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    content = save(plain)
    write_bytes(_state_path(folder, start, stop), content)
    return hashlib.sha256(content).hexdigest()


def kept_state(folder: UPath, commit: BlockCommit, device: torch.device) -> State | None:
    """Return the state after a committed block; None where it is not there as the commit states it."""
    try:
        content = _state_path(folder, commit.start, commit.stop).read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != commit.state:
        return None
    try:
        return {name: tensor.to(device) for name, tensor in load(content).items()}
    except SafetensorError:
        return None


def drop_states(folder: UPath, *, but: BlockCommit | None = None) -> None:
    """Remove all states of a shot, and what a kill left of one half written, `but` that after one block."""
    blocks = folder / "blocks"
    if not blocks.exists():
        return
    kept = None if but is None else _state_path(folder, but.start, but.stop).name
    for path in list(blocks.iterdir()):
        # A temporary name is the file's own with a dot before and letters after.
        if _SUFFIX in path.name and path.name != kept:
            path.unlink(missing_ok=True)
