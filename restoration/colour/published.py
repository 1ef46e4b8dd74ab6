"""The weights of colour nets that their authors released, read into our nets by name."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.siggraph17 import Siggraph17, SiggraphShape
from reelfix.restoration.colour.stacks import AB_NORM, TRUNK_DEPTHS
from reelfix.restoration.external_file import read_checkpoint
from reelfix.restoration.models.errors import ModelError

_RELEASES = "colorization_release_v2 (eccv16) or siggraph17, of the authors' PyTorch release"
_COUNTER = "num_batches_tracked"
"""Of batch normalization: files from before it was counted lack it, and nothing computed depends on it."""


def load_release(path: Path) -> Eccv16 | Siggraph17:
    """Return the released net that a file holds (`.pth` or safetensors), as float32, ready to be used.

    Only tensors are unpickled. Raises UnknownModelError without a file, ModelError where it holds anything
    else than one of these nets.
    """
    tensors = _tensors(path)
    if "model1.0.weight" not in tensors:
        raise ModelError(f"{path} holds no 'model1.0.weight': it is none of {_RELEASES}. Name another file.")
    width = tensors["model1.0.weight"].shape[0]
    if "model3short8.0.weight" in tensors:
        classes = _taken(tensors, "model_class.0.weight", path).shape[0]
        guided = Siggraph17(SiggraphShape(width=width, classes=classes))
        _load(guided, tensors, siggraph17_names(), path)
        return guided.eval()
    decoded = _taken(tensors, "model_out.weight", path)
    automatic = Eccv16(width, bins=decoded.shape[1])
    _load(automatic, tensors, eccv16_names(), path)
    # The last layer, from odds to ab, is what the bins' values are; the temperature is in the weights.
    automatic.bins.copy_(AB_NORM * decoded.float().flatten(1).T)
    automatic.temperature.fill_(1.0)
    return automatic.eval()


def eccv16_names() -> dict[str, str]:
    """Return the layers of eccv16: our name to theirs."""
    return {
        **_trunk_names(),
        "up": "model8.0",
        "refine.0": "model8.2",
        "refine.1": "model8.4",
        "head": "model8.6",
    }


def siggraph17_names() -> dict[str, str]:
    """Return the layers of siggraph17: our name to theirs."""
    return {
        **_trunk_names(),
        **{f"up.{index}": f"model{8 + index}up.0" for index in range(3)},
        **{f"shortcuts.{index}": f"model{3 - index}short{8 + index}.0" for index in range(3)},
        # A rectifier comes first in these.
        **_stack_names("at_quarter", "model8", depth=2, first=1),
        **_stack_names("at_half", "model9", depth=1, first=1),
        "at_whole": "model10.1",
        "classes": "model_class.0",
        "head": "model_out.0",
    }


def save_colour(net: nn.Module, path: Path, *, half: bool = False) -> None:
    """Write a net's weights as safetensors, for `models.descriptor.describe`; float16 if `half`."""
    dtype = torch.float16 if half else torch.float32
    tensors = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).detach().cpu().contiguous()
        for name, tensor in net.state_dict().items()
    }
    save_file(tensors, path)


def _trunk_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for index, depth in enumerate(TRUNK_DEPTHS):
        names |= _stack_names(f"trunk.{index}", f"model{index + 1}", depth=depth, first=0)
    return names


def _stack_names(ours: str, theirs: str, *, depth: int, first: int) -> dict[str, str]:
    """A stack: in theirs each convolution is followed by its rectifier, and the norm comes after the last."""
    convs = {f"{ours}.convs.{index}": f"{theirs}.{first + 2 * index}" for index in range(depth)}
    return convs | {f"{ours}.norm": f"{theirs}.{first + 2 * depth}"}


def _load(net: nn.Module, tensors: Mapping[str, torch.Tensor], names: Mapping[str, str], where: Path) -> None:
    """Fill every layer of `net` that has a name of theirs."""
    state = net.state_dict()
    for name, own in state.items():
        layer, _, kind = name.rpartition(".")
        if layer not in names or (kind == _COUNTER and f"{names[layer]}.{kind}" not in tensors):
            continue
        theirs = _taken(tensors, f"{names[layer]}.{kind}", where)
        if theirs.shape != own.shape:
            raise ModelError(
                f"{where}: '{names[layer]}.{kind}' has the shape {tuple(theirs.shape)}; "
                f"the released net has {tuple(own.shape)}. Name another file."
            )
        state[name] = theirs.to(own.dtype)
    net.load_state_dict(state)


def _taken(tensors: Mapping[str, torch.Tensor], name: str, where: Path) -> torch.Tensor:
    if name not in tensors:
        raise ModelError(f"{where} lacks {name!r}: it is none of {_RELEASES}. Name another file.")
    return tensors[name]


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict; names lose the `module.` that parallel training leaves."""
    content = read_checkpoint(path).content
    if not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise ModelError(f"{path} holds more than tensors by name: it is none of {_RELEASES}.")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}
