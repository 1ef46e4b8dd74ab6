"""The weights that a run is for, as a file that anything can read."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from reelfix.restoration.training.checkpoint import write_whole
from reelfix.restoration.training.errors import TrainingDataError


def write_weights(path: Path, modules: Mapping[str, nn.Module], metadata: Mapping[str, str]) -> str:
    """Write the modules' weights and buffers under keys `module.parameter`; return the file's SHA-256."""
    tensors: dict[str, torch.Tensor] = {
        f"{name}.{key}": tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, module in modules.items()
        for key, tensor in module.state_dict().items()
    }
    write_whole(path, lambda temporary: save_file(tensors, temporary, dict(metadata)))
    return hashlib.sha256(path.read_bytes()).hexdigest()


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


def load_into(module: nn.Module, states: Mapping[str, Mapping[str, torch.Tensor]], *names: str) -> None:
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
