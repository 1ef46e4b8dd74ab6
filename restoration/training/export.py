"""The weights that a run is for, as a file that anything can read."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from reelfix.restoration.training.checkpoint import Checkpoints, write_whole
from reelfix.restoration.training.errors import TrainingDataError
from reelfix.restoration.training.run_folder import RunFolder
from reelfix.restoration.training.settings import plain

States = Mapping[str, Mapping[str, torch.Tensor]]
"""Weights and buffers by module, and in it by name."""


def write_weights(path: Path, states: States, metadata: Mapping[str, str]) -> str:
    """Write weights and buffers under keys `module.parameter`; return the file's SHA-256.

    The same weights and metadata give the same bytes.
    """
    tensors: dict[str, torch.Tensor] = {
        f"{name}.{key}": tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, state in states.items()
        for key, tensor in state.items()
    }
    content = _in_order(save(tensors, dict(metadata)))
    write_whole(path, lambda temporary: temporary.write_bytes(content))
    return hashlib.sha256(content).hexdigest()


def metadata(content: Mapping[str, Any], step: int) -> dict[str, str]:
    """Return what a file of weights tells of where it is from; `content`: the run's settings, whole."""
    settings = plain(content)
    return {
        "recipe": settings["recipe_name"],
        "step": str(step),
        "steps": str(settings["training"]["steps"]),
        "seed": str(settings["training"]["seed"]),
        "data": settings["data_digest"],
        "settings": json.dumps(settings, sort_keys=True),
    }


def export_run(run: Path, target: Path) -> int:
    """Write the shipped weights of the run in folder `run` as its last checkpoint has them; return its step.

    For a run that is under way elsewhere, too. Raises TrainingDataError where there is no checkpoint.
    """
    content, _ = Checkpoints(run).load()
    if content is None:
        raise TrainingDataError(f"{run} has no checkpoint yet. Train first, or name the run's own folder.")
    states = {**content["modules"], **content["average"]}
    settings = RunFolder(run).read_settings()
    names = content.get("shipped") or list(content["average"])  # checkpoints of old have no such list
    target.parent.mkdir(parents=True, exist_ok=True)
    write_weights(target, {name: states[name] for name in names}, metadata(settings, content["step"]))
    step: int = content["step"]
    return step


def _in_order(content: bytes) -> bytes:
    """Put the metadata of safetensors in order of their names: the library leaves that to chance."""
    stop = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:stop])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[stop:]


def written_step(path: Path) -> int | None:
    """Return the step that weights were written at; None where there is no such file."""
    if not path.exists():
        return None
    with safe_open(path, "pt") as file:
        return int(file.metadata()["step"])


def read_weights(path: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Read what `write_weights` wrote, state by module; raises TrainingDataError for other files."""
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise TrainingDataError(
            f"{path} cannot be read as safetensors ({error}). Name another file, or make it again."
        ) from error
    states: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        module, _, name = key.partition(".")
        states.setdefault(module, {})[name] = tensor
    return states


def load_into(module: nn.Module, states: States, *names: str) -> None:
    """Load the first of `names` that `states` has into `module`.

    Raises TrainingDataError where it has none of them, or they are of another shape.
    """
    found = next((name for name in names if name in states), None)
    if found is None:
        raise TrainingDataError(
            f"there are weights of {', '.join(states)}, but not of {' or '.join(names)}. Name another file."
        )
    try:
        module.load_state_dict(states[found])
    except RuntimeError as error:
        summary = " ".join(str(error).split())[:200]
        raise TrainingDataError(
            f"weights of {found} do not fit the net ({summary}). Give the settings they were made with."
        ) from error
