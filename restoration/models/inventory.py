"""The weights there are, each held against its card."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reelfix.restoration.models.architecture import architecture_of
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.header import read_header
from reelfix.restoration.models.weights import Weights, find_weights, weights_folder, weights_names

_LEARNED = ("weights", "biases")
"""Keys of a JSON document whose numbers were learned."""


@dataclass(frozen=True)
class Entry:
    """Weights with a card, and what is wrong with them."""

    name: str
    architecture: str = ""
    parameters: int = 0
    size: int = 0
    """Bytes."""
    sha256: str = ""
    problems: tuple[str, ...] = ()
    gaps: tuple[str, ...] = field(default=())
    """What the card leaves out."""

    @property
    def ok(self) -> bool:
        """Whether the file is the one its card is of, and the card says all it must."""
        return not self.problems and not self.gaps


def inventory(folder: Path | None = None) -> list[Entry]:
    """Look at all weights with a card in `folder`, by default those that come with the package, by name."""
    return [_entry(name, folder) for name in weights_names(folder)]


def without_card(folder: Path | None = None) -> list[Path]:
    """Return files of weights in `folder` that no card is of: nobody can name them."""
    folder = folder or weights_folder()
    known = set()
    for name in weights_names(folder):
        try:
            known.add(find_weights(name, folder).path)
        except ModelError:
            continue  # told by `inventory`
    files = (path for path in folder.iterdir() if path.suffix in (".safetensors", ".json"))
    return sorted(path for path in files if path not in known)


def parameters_of(path: Path) -> int:
    """Count the numbers that were learned, in safetensors or in a JSON document."""
    if path.suffix == ".json":
        return _learned(json.loads(path.read_text(encoding="utf-8")))
    return read_header(path).parameters


def _entry(name: str, folder: Path | None) -> Entry:
    try:
        weights = find_weights(name, folder)
    except ModelError as error:
        return Entry(name, problems=(str(error),))
    problems = tuple(_problems(weights))
    head = weights.head
    return Entry(
        name,
        head.architecture if head else "",
        0 if problems else parameters_of(weights.path),
        weights.size,
        weights.sha256,
        problems,
        tuple(head.gaps()) if head else (),
    )


def _problems(weights: Weights) -> list[str]:
    try:
        weights.read()
        if weights.path.suffix == ".safetensors":
            found = architecture_of(read_header(weights.path), str(weights.path)).name
            if weights.head and weights.head.architecture != found:
                return [
                    f"{weights.path} holds {found}, its card says {weights.head.architecture}. Mend the card."
                ]
    except ModelError as error:
        return [str(error)]
    return []


def _learned(document: Any, *, is_learned: bool = False) -> int:
    if isinstance(document, dict):
        return sum(
            _learned(value, is_learned=is_learned or key in _LEARNED) for key, value in document.items()
        )
    if isinstance(document, list):
        return sum(_learned(value, is_learned=is_learned) for value in document)
    return int(is_learned)
