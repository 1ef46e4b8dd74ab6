"""What a safetensors file says of itself, read without its tensors, and without torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from reelfix.restoration.models.errors import ModelError

_PREFIX = 8
_LARGEST = 100_000_000
"""Bytes of a header; the format allows no more."""


@dataclass(frozen=True)
class Header:
    """Tensors' shapes and types by name, and the texts beside them."""

    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    """As the format calls them: `F32`, `F16`, `BF16` and so on."""
    metadata: Mapping[str, str]

    @property
    def parameters(self) -> int:
        """Numbers in all tensors."""
        return sum(prod(shape) for shape in self.shapes.values())

    def without(self, prefix: str) -> "Header":
        """Return the header with `prefix` taken off every name, where all have it."""
        if not prefix or not all(name.startswith(prefix) for name in self.shapes):
            return self
        cut = len(prefix)
        shapes = {name[cut:]: shape for name, shape in self.shapes.items()}
        return Header(shapes, {name[cut:]: dtype for name, dtype in self.dtypes.items()}, self.metadata)

    def count(self, prefix: str) -> int:
        """Return how many numbered things begin with `prefix`: 2 for `body.` with `body.0.x`, `body.1.y`."""
        following = (name[len(prefix) :] for name in self.shapes if name.startswith(prefix))
        return len({rest.split(".")[0] for rest in following})


def read_header(path: Path) -> Header:
    """Read the header of a safetensors file; raises ModelError where it is none."""
    with path.open("rb") as file:
        start = file.read(_PREFIX)
        length = int.from_bytes(start, "little")
        content = file.read(length) if len(start) == _PREFIX and length <= _LARGEST else b""
    return parse_header(start + content, str(path))


def parse_header(content: bytes, where: str) -> Header:
    """Read the header from a file's content, or from its beginning; `where` names it in messages."""
    length = int.from_bytes(content[:_PREFIX], "little")
    try:
        if len(content) < _PREFIX + length or length > _LARGEST:
            raise ModelError(f"{where} is no whole safetensors file. Fetch or make it again.")
        entries = json.loads(content[_PREFIX : _PREFIX + length])
        metadata = entries.pop("__metadata__", {})
        shapes = {name: tuple(entry["shape"]) for name, entry in entries.items()}
        return Header(shapes, {name: entry["dtype"] for name, entry in entries.items()}, metadata)
    except (UnicodeDecodeError, json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise ModelError(f"{where} is no safetensors file: {error}. Fetch or make it again.") from error
