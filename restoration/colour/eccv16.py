"""`colour-eccv16`: the automatic net of "Colorful Image Colorization" (Zhang, Isola, Efros, ECCV 2016)."""

from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from reelfix.restoration.colour import working
from reelfix.restoration.colour.bins import TEMPERATURE, ab_bins, annealed_mean
from reelfix.restoration.colour.lab import lightness
from reelfix.restoration.colour.net import Hints, Prediction, reduced
from reelfix.restoration.colour.stacks import (
    CELL,
    MATCHED,
    QUARTER,
    SPREAD,
    TRUNK_WIDTHS,
    WORKING_SIZE,
    make_trunk,
    steady,
)
from reelfix.restoration.one_thread import one_thread

WIDTH = 64
"""Channels of conv1 in the paper."""


class Seen(NamedTuple):
    """What the net makes of a picture."""

    logits: torch.Tensor
    """(B, bins, h, w), a quarter of the size."""
    features: torch.Tensor
    """(B, 8 width, h / 2, w / 2): conv5's output."""


class Eccv16(nn.Module):
    """Lightness in, a distribution over the bins of ab out, at a quarter of the size.

    The published net has `width` 64. It is automatic: hints change nothing but the places that they are of.
    """

    bins: torch.Tensor
    temperature: torch.Tensor

    def __init__(self, width: int = WIDTH, bins: int | None = None) -> None:
        """Make the net with random weights, over our 313 bins, or over `bins` of values yet to come."""
        super().__init__()
        centres = ab_bins() if bins is None else torch.zeros(bins, 2)
        middle, half = TRUNK_WIDTHS[-1] * width, TRUNK_WIDTHS[-1] * width // 2
        self.trunk = make_trunk(1, width, strided=True)
        self.up = nn.ConvTranspose2d(middle, half, 4, stride=2, padding=1)
        self.refine = nn.ModuleList(nn.Conv2d(half, half, 3, padding=1) for _ in range(2))
        self.head = nn.Conv2d(half, len(centres), 1)
        self.register_buffer("bins", centres)  # (bins, 2), Lab units
        self.register_buffer("temperature", torch.tensor(TEMPERATURE))

    def forward(self, gray: torch.Tensor) -> Seen:
        """Look at pictures, L / 100 (B, 1, H, W), H and W multiples of 8."""
        x = (gray - 0.5).to(self.head.weight.dtype)
        features = x
        for index, stack in enumerate(self.trunk):
            x = stack(x)
            features = x if index == MATCHED else features
        x = F.relu(self.up(x))  # Bx4wxH/4xW/4
        for conv in self.refine:
            x = F.relu(conv(x))
        return Seen(self.head(x), features)

    @torch.no_grad()
    def predict(
        self,
        luma: torch.Tensor,
        hints: Hints | None = None,
        saturation: float = 1.0,
        *,
        tilt: torch.Tensor | None = None,
    ) -> Prediction:
        """Colour `luma` (B, 1, H, W), float32 in [0, 1]; see `ColourNet.predict`.

        The net is shown the picture with its longest side reduced to WORKING_SIZE. ab is the annealed mean of
        the distribution (equation 5), times `saturation`; where there are hints, it is theirs. `tilt`: see
        `OddsNet.predict`.
        """
        return working.each_alone(partial(self._predicted, saturation, tilt), luma, hints)

    def _predicted(
        self, saturation: float, tilt: torch.Tensor | None, luma: torch.Tensor, hints: Hints | None
    ) -> Prediction:
        size = luma.shape[2], luma.shape[3]
        shown = working.resized(luma.float(), working.working_size(size, WORKING_SIZE, CELL))
        with steady(self.head.weight.dtype):
            seen = self(lightness(shown) / 100)
        with one_thread():
            temperature = float(self.temperature)
            tilted = seen.logits if tilt is None else seen.logits + temperature * tilt[:, None, None]
            ab, spread = annealed_mean(tilted, self.bins.float(), temperature)
        ab = working.resized(ab * saturation, reduced(size, QUARTER))
        confidence = working.resized(1 / (1 + (spread / SPREAD).square()), reduced(size, QUARTER))
        if hints is not None:
            ab = torch.lerp(ab, hints.ab, hints.weight)
            confidence = torch.maximum(confidence, hints.weight)
        features = working.resized(seen.features.float(), reduced(size, CELL))
        return Prediction(ab, confidence, F.normalize(features, dim=1), seen.logits / temperature)
