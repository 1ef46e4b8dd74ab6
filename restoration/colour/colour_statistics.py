"""What is said of a whole picture's colours: how often each bin of ab is met, and how saturated it is."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from reelfix.restoration.colour.bins import soft_encode
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.colour.net import reduced
from reelfix.restoration.colour.stacks import QUARTER

_LAYERS = 4


class ColourStatistics(NamedTuple):
    """A picture's colours as a whole; each of the two may be left unsaid."""

    histogram: torch.Tensor | None
    """(B, bins), shares of the bins of ab, their sum 1."""
    saturation: torch.Tensor | None
    """(B,), mean of HSV's saturation, in [0, 1]."""


class StatisticsNet(nn.Module):
    """The global hints network of "Real-Time User-Guided Image Colorization", section 3.2.

    Histogram and saturation, each with a 1 where it is said, go through a layer of 1 x 1 each, are added, and
    go through three more; what comes out is added to conv4's output, everywhere the same.
    """

    def __init__(self, bins: int, width: int) -> None:
        """Make the net with random weights: `bins` of the histogram, `width` channels."""
        super().__init__()
        self.bins = bins
        self.histogram = nn.Conv2d(bins + 1, width, 1)
        self.saturation = nn.Conv2d(2, width, 1)
        layers = [nn.Conv2d(width, width, 1) for _ in range(_LAYERS - 1)]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(_LAYERS))

    def forward(self, statistics: ColourStatistics | None, batch: int) -> torch.Tensor:
        """Return what is to be added, (batch, width, 1, 1)."""
        histogram, saturation = statistics or (None, None)
        x: torch.Tensor = self.histogram(self._said(histogram, batch, self.bins))
        x = x + self.saturation(self._said(saturation, batch, 1))
        x = self.norms[0](F.relu(x))
        for layer, norm in zip(self.layers, list(self.norms)[1:], strict=True):
            x = norm(F.relu(layer(x)))
        return x

    def _said(self, values: torch.Tensor | None, batch: int, count: int) -> torch.Tensor:
        """(batch, count + 1, 1, 1): the values and 1, or 0 where nothing is said."""
        weight = self.histogram.weight
        if values is None:
            return weight.new_zeros(batch, count + 1, 1, 1)
        said = F.pad(values.to(weight).reshape(-1, count), (0, 1), value=1.0)
        return said.expand(batch, -1)[..., None, None]


def colour_statistics(rgb: torch.Tensor, bins: torch.Tensor) -> ColourStatistics:
    """Return the statistics of pictures (B, 3, H, W) float32 in [0, 1] over `bins` (Q, 2), Lab units.

    As the authors take them: the histogram of a picture of a quarter of the size, softly encoded, and the
    mean of HSV's saturation.
    """
    size = reduced((rgb.shape[2], rgb.shape[3]), QUARTER)
    small = F.interpolate(rgb, size=size, mode="bilinear", align_corners=False, antialias=True)
    return ColourStatistics(histogram_of(rgb_to_lab(small)[:, 1:], bins), saturation_of(rgb))


def histogram_of(ab: torch.Tensor, bins: torch.Tensor) -> torch.Tensor:
    """Return the shares (B, Q) of `bins` (Q, 2) among colours `ab` (B, 2, h, w), softly encoded."""
    numbers, shares = soft_encode(ab, bins)
    counts = ab.new_zeros(len(ab), len(bins)).scatter_add(1, numbers.flatten(1), shares.flatten(1))
    return counts / counts.sum(1, keepdim=True)


def saturation_of(rgb: torch.Tensor) -> torch.Tensor:
    """Return the mean of HSV's saturation (B,) over pictures (B, 3, H, W) in [0, 1]."""
    top, bottom = rgb.amax(1), rgb.amin(1)
    return ((top - bottom) / top.clamp_min(torch.finfo(torch.float32).tiny)).mean((1, 2))


def shown_saturation(rgb: torch.Tensor) -> torch.Tensor:
    """Return the mean of HSV's saturation (B,), weighed by HSV's value, over pictures (B, 3, H, W) in [0, 1].

    Darks, which show little colour however saturated they are, count little.
    """
    top, bottom = rgb.amax(1), rgb.amin(1)
    return (top - bottom).sum((1, 2)) / top.sum((1, 2)).clamp_min(torch.finfo(torch.float32).tiny)
