"""Trained weights made ready to be named: the file, its card with the runs' figures, and the curves."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelfix.restoration.models.architecture import architecture_of
from reelfix.restoration.models.card import Card, CardHead, is_card, read_card
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.figures import curves_of, figures_of, last_measures, with_figures
from reelfix.restoration.models.header import parse_header
from reelfix.restoration.models.training_run import TrainingRun, read_run


@dataclass(frozen=True)
class Publication:
    """What is put beside each other under one name."""

    name: str
    card: Card
    weights: bytes
    """A safetensors file."""
    curves: bytes
    """A PNG."""

    def write(self, folder: Path) -> list[Path]:
        """Write all three, the card last: without it nothing has a name. Returns the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        contents = {
            folder / self.card.head.file: self.weights,
            folder / f"{self.name}.png": self.curves,
            folder / f"{self.name}.md": self.card.render().encode(),
        }
        for path, content in contents.items():
            temporary = path.with_name(f".{path.name}.partial")
            temporary.write_bytes(content)
            temporary.replace(path)
        return list(contents)


def prepare(
    folders: Sequence[Path],
    name: str,
    *,
    previous: Path | None = None,
    half: bool = False,
    said: dict[str, Any] | None = None,
) -> Publication:
    """Make weights and card of training runs, in their order; the weights are those of the last.

    `previous`: the folder where a card of that name may be: what it says of data, terms, recipe and limits,
    its own metrics and its text are kept, and the figures are made anew. `half`: float16, half the size.
    `said`: fields of the head, over those of the previous card.

    Raises ModelError where a folder is no run, where the last has no weights yet, or none of a known net.
    """
    runs = [read_run(folder) for folder in folders]
    path = runs[-1].weights_path()
    content = path.read_bytes()
    header = parse_header(content, str(path))
    architecture = architecture_of(header, str(path)).name
    weights = _packed(content, architecture, runs[-1], half=half)
    old = _previous(previous, name, architecture)
    kept: dict[str, Any] = old.head.model_dump() if old else {}
    metrics = {
        **kept.get("metrics", {}),
        **{run.name: measures for run in runs if (measures := last_measures(run))},
    }
    head = CardHead.model_validate(
        {
            **kept,
            **(said or {}),
            "name": name,
            "architecture": architecture,
            "file": f"{name}.safetensors",
            "sha256": hashlib.sha256(weights).hexdigest(),
            "bytes": len(weights),
            "seed": runs[-1].seed,
            "metrics": metrics,
        }
    )
    figures = figures_of(runs, header.parameters, f"{name}.png")
    text = with_figures(old.text if old else f"# {name}\n\n{head.summary}", figures)
    return Publication(name, Card(head=head, text=text), weights, curves_of(runs))


def _packed(content: bytes, architecture: str, run: TrainingRun, *, half: bool) -> bytes:
    """The same tensors, with a word of where they come from, in bytes that are always the same."""
    from safetensors.torch import load, save

    tensors = load(content)
    if half:
        tensors = {
            name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()
        }
    # One entry: the order of several is not fixed.
    told = {"architecture": architecture, "recipe": run.name, "steps": run.steps, "seed": run.seed}
    return save(tensors, {"reelfix": json.dumps(told, sort_keys=True)})


def _previous(folder: Path | None, name: str, architecture: str) -> Card | None:
    if folder is None or not is_card(folder / f"{name}.md"):
        return None
    card = read_card(folder / f"{name}.md")
    if card.head.architecture != architecture:
        raise ModelError(
            f"{folder / name}.md is the card of {card.head.architecture}, and the run's weights are of "
            f"{architecture}. Give them another name."
        )
    return card
