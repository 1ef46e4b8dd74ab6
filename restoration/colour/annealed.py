"""A net for colour at another temperature than its own."""

import torch

from reelfix.restoration.colour.compact import ColourCompact
from reelfix.restoration.colour.net import Hints, Prediction


class Annealed:
    """`colour-compact` with the temperature of its annealed mean chosen; a `ColourNet`.

    Zhang, Isola and Efros, "Colorful Image Colorization" (2016), equation 5: towards 0 the likeliest colour,
    at 1 the mean of all that may be.
    """

    def __init__(self, net: ColourCompact, temperature: float) -> None:
        self._net = net
        self._temperature = temperature

    @property
    def bins(self) -> torch.Tensor:
        """The net's colours, (Q, 2), Lab units."""
        return self._net.bins

    def predict(
        self,
        luma: torch.Tensor,
        hints: Hints | None,
        saturation: float = 1.0,
        *,
        tilt: torch.Tensor | None = None,
    ) -> Prediction:
        """Colour `luma` (B, 1, H, W); see `ColourNet.predict`, and `OddsNet.predict` on `tilt`."""
        return self._net.predict(luma, hints, saturation, temperature=self._temperature, tilt=tilt)
