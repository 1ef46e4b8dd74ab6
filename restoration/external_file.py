"""Weights that others made, read without running anything that their file says."""

import io
import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors

from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.weights import find_weights

_TORCHSCRIPT = "constants.pkl"  # what tells a TorchScript archive from a state dict's
_FORBIDDEN = re.compile(
    r"(?:Unsupported|forbidden) (?:global|class|operand)[^\n]*?(?:GLOBAL )?([\w.]+\.\w+)", re.I
)
_MOST = 160


@dataclass(frozen=True)
class Checkpoint:
    """What a file held."""

    path: Path
    sha256: str
    content: dict[str, Any]
    """Tensors by name, or trees of such under the names that trainers give them."""


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read `.safetensors`, or a pickled `.pth`, `.pt` or `.ckpt`, on the CPU; its bytes are read once.

    A pickle is read by torch's reader of weights alone: tensors and plain containers; whatever else a file
    names is refused before it is touched. TorchScript is refused too, since it is a program; spandrel's own
    loader would hand such a file to `torch.jit`, whatever its suffix, so it is not used.

    Raises UnknownModelError without such a file, ModelError saying what in it is refused.
    """
    weights = find_weights(str(path))
    content, digest = weights.read_with_digest()
    if weights.path.suffix.lower() == ".safetensors":
        tensors: Any = _from_safetensors(weights.path, content)
    else:
        tensors = _from_pickle(weights.path, content)
    if not isinstance(tensors, dict) or not tensors:
        raise ModelError(f"{path} holds a {type(tensors).__name__}, not tensors by name. Name another file.")
    return Checkpoint(weights.path, digest, tensors)


def _from_safetensors(path: Path, content: bytes) -> dict[str, torch.Tensor]:
    try:
        return load_safetensors(content)
    except SafetensorError as error:
        raise ModelError(f"{path} is no safetensors file: {error}. Fetch it again.") from error


def _from_pickle(path: Path, content: bytes) -> Any:
    if _is_torchscript(content):
        raise ModelError(
            f"{path} is TorchScript, a program rather than weights, and is not run. Name a file of its "
            "weights: .safetensors, or a state dict as .pth."
        )
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        told = _FORBIDDEN.search(str(error))
        asked = f"asks for {told[1]}" if told else "asks for more than tensors"
        raise ModelError(
            f"{path} {asked}, which weights have no need of: refused. Get the net as safetensors, or save "
            "its state dict alone."
        ) from error
    except (RuntimeError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        summary = " ".join(str(error).split())[:_MOST]
        raise ModelError(f"{path} cannot be read as weights: {summary}. Fetch it again.") from error


def _is_torchscript(content: bytes) -> bool:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(name.split("/")[-1] == _TORCHSCRIPT for name in archive.namelist())
