"""The weights that the authors of the paper released, read into our nets by name."""

import pickle
from collections.abc import Mapping as Named
from pathlib import Path

import torch
from torch import nn

from reelfix.restoration.triplet.paper import PaperNets, PaperShape
from reelfix.restoration.triplet.paper_mapping import RELEASED, RELEASED_BLIND, MappingShape
from reelfix.restoration.triplet.paper_vae import Encoder, Generator, VaeShape

VAE_FILE = "latest_net_G.pth"
"""An autoencoder, in the folders `VAE_A_quality`, `VAE_B_quality` and `VAE_B_scratch` of the release."""
MAPPING_FILE = "latest_net_mapping_net.pth"
"""A mapping, in `mapping_quality` and `mapping_scratch`."""


def load_published(vae_a: Path, vae_b: Path, mapping: Path) -> PaperNets:
    """Return the released restorer: the encoder of A, the generator of B, and the mapping, as float32.

    Each path is a file, or its folder in the release. The mapping is `mapping_scratch`, which needs a mask of
    the damage and goes with `VAE_A_quality` and `VAE_B_scratch`, or `mapping_quality`, which needs none and
    goes with `VAE_A_quality` and `VAE_B_quality`.

    Only tensors are unpickled. Raises FileNotFoundError without a file, ValueError where a file holds
    anything else than such a net.
    """
    in_mapping = read_tensors(_file(mapping, MAPPING_FILE))
    shape = _mapping_shape(in_mapping, mapping)
    nets = PaperNets(PaperShape(VaeShape(), shape))
    _load(nets.encoder, read_tensors(_file(vae_a, VAE_FILE)), encoder_names(), vae_a)
    _load(nets.generator, read_tensors(_file(vae_b, VAE_FILE)), generator_names(), vae_b)
    _load(nets.mapping, in_mapping, mapping_names(shape), mapping)
    return nets.eval()


def load_release(folder: Path, *, scratches: bool = True) -> PaperNets:
    """Return the released restorer from the release's folder `checkpoints/restoration`, as it is unpacked.

    With `scratches` the one that fills damage by its mask, else the one for pictures without. Errors are
    those of `load_published`.
    """
    kind = "scratch" if scratches else "quality"
    return load_published(folder / "VAE_A_quality", folder / f"VAE_B_{kind}", folder / f"mapping_{kind}")


def load_published_vae(vae: Path) -> tuple[Encoder, Generator]:
    """Return one released autoencoder, as float32; path and errors as in `load_published`."""
    tensors = read_tensors(_file(vae, VAE_FILE))
    encoder, generator = Encoder(VaeShape()), Generator(VaeShape())
    _load(encoder, tensors, encoder_names(), vae)
    _load(generator, tensors, generator_names(), vae)
    return encoder.eval(), generator.eval()


def encoder_names() -> dict[str, str]:
    """Return the layers of an encoder: our name to theirs."""
    return {
        "stem": "encoder.1",
        "to_half": "encoder.4",
        "to_quarter": "encoder.7",
        **_blocks("body", "encoder", first=10, count=4),
    }


def generator_names() -> dict[str, str]:
    """Return the layers of a generator: our name to theirs."""
    return {
        **_blocks("body", "decoder", first=0, count=4),
        "to_half": "decoder.4",
        "to_whole": "decoder.7",
        "out": "decoder.11",
    }


def mapping_names(shape: MappingShape) -> dict[str, str]:
    """Return the layers of a mapping, RELEASED or RELEASED_BLIND: our name to theirs."""
    wide = len(shape.widths) - 1
    names: dict[str, str] = {}
    before, after, start = ("before_NL", "after_NL", 0) if shape.attention else ("model", "model", 3 * wide)
    # Each convolution is followed by its norm and its rectifier.
    names |= {f"widen.{index}": f"{before}.{3 * index}" for index in range(wide)}
    if shape.attention:
        names |= {f"attention.{layer}": f"NL.{layer}" for layer in ("theta", "phi", "g", "W")}
        names |= _blocks("fusion", "NL.res_block", first=0, count=shape.fusion_blocks)
    names |= _blocks("body", after, first=start, count=shape.blocks)
    return names | {f"narrow.{index}": f"{after}.{start + shape.blocks + 3 * index}" for index in range(wide)}


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict, and nothing but tensors; names lose the `module.` that parallel training leaves."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there. Name the file, or its folder in the authors' release.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f"{path} is no file of weights alone: it was not loaded ({_first_line(error)})."
        ) from error
    if not isinstance(content, dict) or not all(
        isinstance(value, torch.Tensor) for value in content.values()
    ):
        raise ValueError(f"{path} holds {type(content).__name__}; it must hold tensors by name.")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}


def _blocks(ours: str, theirs: str, *, first: int, count: int) -> dict[str, str]:
    """Residual blocks: theirs run padding, convolution, norm, rectifier, padding, convolution, norm."""
    return {
        f"{ours}.{index}.{layer}": f"{theirs}.{first + index}.conv_block.{place}"
        for index in range(count)
        for layer, place in (("first", 1), ("second", 5))
    }


def _load(net: nn.Module, tensors: Named[str, torch.Tensor], names: Named[str, str], where: Path) -> None:
    """Fill all of `net` from `tensors`; what belongs to another net of the same file is left alone."""
    state = {}
    for name, parameter in net.state_dict().items():
        layer, kind = name.rsplit(".", 1)
        theirs = f"{names[layer]}.{kind}"
        if theirs not in tensors:
            raise ValueError(
                f"{where} lacks {theirs!r}: it is no {type(net).__name__.lower()} of the release."
            )
        if tensors[theirs].shape != parameter.shape:
            found, needed = tuple(tensors[theirs].shape), tuple(parameter.shape)
            raise ValueError(f"{where}: {theirs!r} has the shape {found}; the published net has {needed}.")
        state[name] = tensors[theirs].to(torch.float32)
    net.load_state_dict(state)


def _mapping_shape(tensors: Named[str, torch.Tensor], where: Path) -> MappingShape:
    """Tell the released mappings apart by the names in them."""
    if "NL.F_Combine.weight" in tensors:
        raise ValueError(
            f"{where} is the mapping with patch attention, for large pictures, another net than the paper's. "
            "Use mapping_scratch or mapping_quality."
        )
    return RELEASED if "before_NL.0.weight" in tensors else RELEASED_BLIND


def _file(path: Path, name: str) -> Path:
    """A file itself, or the one of that name in a folder."""
    return path / name if path.is_dir() else path


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
