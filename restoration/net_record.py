"""What is told of a net where it is named: in provenance, in lists."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from reelfix.restoration.models.architecture import is_ours
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.header import read_header
from reelfix.restoration.models.weights import Weights, find_weights


def is_external(reference: str, folder: Path | None = None) -> bool:
    """Whether weights, by name or path, are of a net of others: `external.load_external` takes those.

    All else is `models.descriptor.describe`'s. Raises as `find_weights` does; reads a header at most.
    """
    weights = find_weights(reference, folder)
    if weights.head is not None or weights.path.suffix == ".json":
        return False
    return weights.path.suffix != ".safetensors" or not is_ours(read_header(weights.path))


def net_record(reference: str, folder: Path | None = None) -> dict[str, Any]:
    """Say of weights, by name or path, what they are, as JSON can hold it: file, digest, architecture, sizes.

    Of a net of others the whole file is read, restricted as `external_file.read_checkpoint` reads it.
    Raises as `describe` and `load_external` do.
    """
    weights = find_weights(reference, folder)
    if is_external(reference, folder):
        return _external(reference, weights)
    if weights.path.suffix == ".json":
        return {**_named(weights), "architecture": weights.head.architecture if weights.head else ""}
    found = describe(reference, folder)
    return {
        **_named(weights),
        "architecture": found.architecture.name,
        "parameters": found.parameters,
        "channels": found.channels,
        "frames": found.frames,
        "scale": found.scale,
        "multiple": found.multiple,
        "needs": list(found.needs),
        "precisions": list(found.precisions),
    }


def _named(weights: Weights) -> dict[str, Any]:
    head = weights.head
    return {
        "name": weights.name,
        "summary": head.summary if head else "",
        "file": weights.path.name,
        "sha256": weights.sha256,
        "bytes": weights.size,
        "licence": head.licence if head else "",
        "origin": "reelfix" if head else "a file of the user",
    }


def _external(reference: str, weights: Weights) -> dict[str, Any]:
    from reelfix.restoration.external import describe_external
    from reelfix.restoration.raft_flow import describe_raft

    raft = describe_raft(reference)
    if raft is not None:
        return {
            **_named(weights),
            "sha256": raft.sha256,
            "architecture": raft.layout,
            "parameters": raft.parameters,
            "frames": 2,
            "precisions": ["float32"],
            "purpose": "optical flow",
            "loaded_by": f"torchvision {version('torchvision')}",
        }
    found = describe_external(reference)
    return {
        **_named(weights),
        "sha256": found.sha256,
        "architecture": found.architecture,
        "parameters": found.parameters,
        "channels": found.channels,
        "frames": 1,
        "scale": found.scale,
        "multiple": found.multiple,
        "precisions": list(found.precisions),
        "purpose": found.purpose,
        "tags": list(found.tags),
        "loaded_by": f"spandrel {version('spandrel')}",
    }
