"""What a net takes, gives and can do, without building it; and the net itself, built when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reelfix.restoration.models.architecture import Architecture, Need, Precision, architecture_of
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.header import Header, read_header
from reelfix.restoration.models.weights import Weights, find_weights, tensors_of

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class ModelDescriptor:
    """A net and its weights, after spandrel's descriptor of the same name."""

    architecture: Architecture
    weights: Weights
    header: Header
    """Of the weights' file; names as the net has them."""

    @property
    def name(self) -> str:
        """What it is called by."""
        return self.weights.name

    @property
    def sha256(self) -> str:
        """Of the weights' file: the net is told by it, in keys and in provenance."""
        return self.weights.sha256

    @property
    def card_path(self) -> Path | None:
        """Where its card is; None for a file without one."""
        return self.weights.card_path

    @property
    def channels(self) -> int:
        """Channels of the pictures that it takes and gives."""
        return self.architecture.channels(self.header)

    @property
    def frames(self) -> int:
        """Frames that it sees at once."""
        return self.architecture.frames

    @property
    def multiple(self) -> int:
        """Heights and widths that it takes are multiples of this."""
        return self.architecture.multiple

    @property
    def scale(self) -> int:
        """Size of what it gives against what it takes."""
        return 1

    @property
    def value_range(self) -> tuple[float, float]:
        """What pictures' values lie in."""
        return (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        """What it must be given besides frames."""
        return self.architecture.needs

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """Types that it computes well in."""
        return self.architecture.precisions

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return self.header.parameters

    def build(
        self,
        device: torch.device | str = "cpu",
        precision: Precision = "float32",
        *,
        channels_last: bool = False,
    ) -> nn.Module:
        """Build the net and load its weights, ready to be used, in evaluation mode and without gradients.

        Raises ModelError for a precision that it does not have, an altered file, and tensors that are
        missing, not known, or of another shape.
        """
        import torch

        if precision not in self.precisions:
            raise ModelError(
                f"{self.name} does not compute in {precision}. It does in {', '.join(self.precisions)}."
            )
        tensors = tensors_of(self.weights)
        net = self.architecture.build(self.header)
        load_into(net, without_prefix(tensors, self.architecture.prefix), str(self.weights.path))
        dtype: torch.dtype = getattr(torch, precision)
        net = net.eval().requires_grad_(False).to(device, dtype)
        return net.to(memory_format=torch.channels_last) if channels_last else net


def describe(reference: str, folder: Path | None = None) -> ModelDescriptor:
    """Describe one of our nets, by the name of its weights or by the path of their safetensors file.

    Raises UnknownModelError and ModelError as `find_weights` and `architecture_of` do, and ModelError where
    a card names another architecture than the file holds. Nothing large is read.
    """
    weights = find_weights(reference, folder)
    header = read_header(weights.path)
    architecture = architecture_of(header, str(weights.path))
    if weights.head and weights.head.architecture != architecture.name:
        raise ModelError(
            f"{weights.path} holds weights of {architecture.name}, its card says "
            f"{weights.head.architecture}. Put the right file there."
        )
    return ModelDescriptor(architecture, weights, header.without(architecture.prefix))


def without_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Take `prefix` off every name, where all have it."""
    if not prefix or not all(name.startswith(prefix) for name in tensors):
        return tensors
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items()}


def load_into(net: nn.Module, tensors: dict[str, torch.Tensor], where: str) -> None:
    """Load tensors, all there are and no others; raises ModelError naming what does not fit."""
    wanted = net.state_dict()
    problems = [
        *_listed("missing", sorted(wanted.keys() - tensors.keys())),
        *_listed("not known", sorted(tensors.keys() - wanted.keys())),
        *_listed(
            "of another shape",
            [
                f"{name} {tuple(tensors[name].shape)}, not {tuple(wanted[name].shape)}"
                for name in sorted(wanted.keys() & tensors.keys())
                if tensors[name].shape != wanted[name].shape
            ],
        ),
    ]
    if problems:
        raise ModelError(
            f"{where} does not fit {type(net).__name__}: {'; '.join(problems)}. Use the file with the "
            "version of reelfix that it was made by, or make it anew."
        )
    net.load_state_dict(tensors)


def _listed(what: str, names: list[str], most: int = 3) -> list[str]:
    if not names:
        return []
    shown = ", ".join(names[:most])
    return [f"{len(names)} {what} ({shown}{', ...' if len(names) > most else ''})"]
