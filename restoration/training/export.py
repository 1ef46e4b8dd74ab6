"""The weights that a run is for, as a file that anything can read."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from reelfix.restoration.training.checkpoint import write_whole


def write_weights(path: Path, modules: Mapping[str, nn.Module], metadata: Mapping[str, str]) -> str:
    """Write the modules' weights and buffers under keys `module.parameter`; return the file's SHA-256."""
    tensors: dict[str, torch.Tensor] = {
        f"{name}.{key}": tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, module in modules.items()
        for key, tensor in module.state_dict().items()
    }
    write_whole(path, lambda temporary: save_file(tensors, temporary, dict(metadata)))
    return hashlib.sha256(path.read_bytes()).hexdigest()
