"""Files of weights: found by name or by path, read only as their card registers them."""

import difflib
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelfix.restoration.models.card import CardHead, is_card, read_card
from reelfix.restoration.models.errors import ModelError, UnknownModelError
from reelfix.restoration.models.header import parse_header

if TYPE_CHECKING:
    import torch

SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".json")
"""What files of weights are called. Only the first and the last are ours."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Weights:
    """A file of weights, and the head of its card where it has one."""

    name: str
    path: Path
    head: CardHead | None = None

    @property
    def sha256(self) -> str:
        """The digest that the file must have: its card's, else its own as it is now.

        Cheap for weights with a card: their file is read, and held against it, when it is loaded.
        """
        return self.head.sha256 if self.head else _digest_of_file(self.path)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size

    @property
    def card_path(self) -> Path | None:
        """Where the card is."""
        return self.path.with_name(f"{self.name}.md") if self.head else None

    def read(self) -> bytes:
        """Read the file; raises ModelError where it is not the one its card registers."""
        return self.read_with_digest()[0]

    def read_with_digest(self) -> tuple[bytes, str]:
        """Read the file as `read` does; returns its SHA-256 beside it."""
        content = self.path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if self.head is not None and found != self.head.sha256:
            raise ModelError(
                f"{self.path} has SHA-256 {found}, its card says {self.head.sha256}: the file was altered, "
                "or it is of another version. Install reelfix again, or put the right file there."
            )
        return content, found


def weights_folder() -> Path:
    """Return the folder of the weights that come with the package."""
    return Path(str(files("reelfix.restoration"))) / "weights"


def weights_names(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of all weights with a card in `folder`, by default of those that come with us."""
    found = (path for path in (folder or weights_folder()).glob("*.md") if is_card(path))
    return tuple(sorted(path.stem for path in found))


def is_path(reference: str) -> bool:
    """Whether a reference to weights is a path rather than a name."""
    return "/" in reference or "\\" in reference or Path(reference).suffix.lower() in SUFFIXES


def settled(reference: str) -> str:
    """Return a reference that means the same wherever it is read again: a path made absolute, or a name."""
    return str(Path(reference).expanduser().absolute()) if is_path(reference) else reference


def find_weights(reference: str, folder: Path | None = None) -> Weights:
    """Find weights by name in `folder` (by default those that come with us), or by path.

    A file named by path has a card where one of its name lies beside it. Nothing large is read.

    Raises UnknownModelError naming the nearest known name, or for a path where no file is, or of a kind that
    holds no weights.
    """
    if is_path(reference):
        return _by_path(Path(reference))
    folder = folder or weights_folder()
    card = folder / f"{reference}.md"
    if not is_card(card):
        known = weights_names(folder)
        raise UnknownModelError(f"there is no model {reference!r}.{_nearest(reference, known)}")
    return _registered(card)


def sha256_of(reference: str, folder: Path | None = None) -> str:
    """Return the digest of weights, as a stage's key needs it."""
    return find_weights(reference, folder).sha256


def load_weights(reference: str, folder: Path | None = None) -> "dict[str, torch.Tensor]":
    """Load a state dict from safetensors, on the CPU; raises ModelError for an altered file or another kind.

    The names are the file's own; `reelfix.restoration.models.descriptor` makes nets of them.
    """
    return tensors_of(find_weights(reference, folder))


def tensors_of(weights: Weights) -> "dict[str, torch.Tensor]":
    """Load a state dict from safetensors that were found already."""
    from safetensors.torch import load

    content = weights.read()
    parse_header(content, str(weights.path))
    return load(content)


def load_document(reference: str, folder: Path | None = None) -> dict[str, Any]:
    """Load weights that are numbers in a JSON document; raises ModelError for an altered file."""
    weights = find_weights(reference, folder)
    document = json.loads(weights.read())
    if not isinstance(document, dict):
        raise ModelError(f"{weights.path} holds no JSON object, as weights must. Put the right file there.")
    return document


def _by_path(path: Path) -> Weights:
    if path.suffix.lower() not in SUFFIXES:
        raise UnknownModelError(f"{path} is no file of weights: those end in {', '.join(SUFFIXES[:-1])}.")
    if not path.is_file():
        raise UnknownModelError(f"{path}: there is no such file of weights. Check the spelling.")
    card = path.with_suffix(".md")
    if is_card(card) and (found := _registered(card)).path.name == path.name:
        return found
    return Weights(path.stem, path)


def _registered(card: Path) -> Weights:
    head = read_card(card).head
    if head.name != card.stem or Path(head.file).name != head.file:
        raise ModelError(
            f"{card} is the card of {head.name!r} in {head.file!r}: a card is named as what it is of, and "
            "its file lies beside it."
        )
    path = card.with_name(head.file)
    if not path.is_file():
        raise ModelError(f"{path} is not there, and {card.name} is its card. Install reelfix again.")
    return Weights(head.name, path, head)


def _digest_of_file(path: Path) -> str:
    found = path.stat()
    return _digest(str(path.resolve()), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _digest(path: str, modified_ns: int, size: int) -> str:
    """The digest of a file; asked again only where its time or size changed."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(known)}."
    return f"{hint} A file is named by its path, with a folder or a suffix: ./net.safetensors."
