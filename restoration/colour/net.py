"""What every net for colour takes and gives."""

from typing import NamedTuple, Protocol, runtime_checkable

import torch

from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.precision import has_bfloat16


class Hints(NamedTuple):
    """What is known of colours beforehand, on a grid of a quarter of the picture's size, rounded up."""

    ab: torch.Tensor
    """(B, 2, h, w) float32, Lab units; where the weight is 0 it means nothing."""
    weight: torch.Tensor
    """(B, 1, h, w) float32 in [0, 1]: 0 not known, 1 given by a person."""


class Prediction(NamedTuple):
    """What a net makes of a picture (B, 1, H, W)."""

    ab: torch.Tensor
    """(B, 2, ceil(H / 4), ceil(W / 4)) float32, Lab units."""
    confidence: torch.Tensor
    """(B, 1, ceil(H / 4), ceil(W / 4)) float32 in [0, 1]: how peaked the distribution over colours is."""
    features: torch.Tensor
    """(B, F, ceil(H / 8), ceil(W / 8)) float32, of unit length at every place: alike where things are."""
    odds: torch.Tensor | None = None
    """(B, Q, h, w), on the net's own grid: the annealed distribution over its bins without any tilt, as
    logarithms, up to a constant at every place. None of a net that gives none."""


@runtime_checkable
class ColourNet(Protocol):
    """Gives colours to pictures without."""

    def predict(self, luma: torch.Tensor, hints: Hints | None, saturation: float = 1.0) -> Prediction:
        """Colour `luma` (B, 1, H, W), float32 in [0, 1], of any size.

        `saturation`: what a and b are multiplied by; those of hints are met as they are.
        """
        ...


@runtime_checkable
class OddsNet(Protocol):
    """A `ColourNet` that tells how likely each colour is at every place, and can be told otherwise."""

    @property
    def bins(self) -> torch.Tensor:
        """The colours, (Q, 2), Lab units."""
        ...

    def predict(
        self,
        luma: torch.Tensor,
        hints: Hints | None,
        saturation: float = 1.0,
        *,
        tilt: torch.Tensor | None = None,
    ) -> Prediction:
        """Colour `luma` as `ColourNet.predict` does, and give `Prediction.odds`.

        `tilt`: (Q,), added to the logarithms of the annealed distribution everywhere.
        """
        ...


def load_colour_net(reference: str, device: torch.device | str = "cpu") -> ColourNet:
    """Load a net for colour by the name of its weights or by their path, ready to predict.

    In bfloat16 where the device has it, else in float32. Raises ModelError as `describe` does, and for a net
    that colours nothing.
    """
    model = describe(reference)
    device = torch.device(device)
    is_half = "bfloat16" in model.precisions and has_bfloat16(device)
    net = model.build(device, "bfloat16" if is_half else "float32", channels_last=True)
    if not isinstance(net, ColourNet):
        raise ModelError(
            f"{reference} is a {model.architecture.name}, which gives no colours. Name weights of "
            "colour-compact, or of a published net for colour."
        )
    return net


def reduced(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Return a picture's size on a grid of `multiple` pixels, rounded up."""
    return -(-size[0] // multiple), -(-size[1] // multiple)
