"""`colour-siggraph17`: the net of "Real-Time User-Guided Image Colorization" (Zhang et al., 2017)."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from reelfix.restoration.colour import working
from reelfix.restoration.colour.bins import BINS, GRID, TEMPERATURE, ab_bins, annealed_mean
from reelfix.restoration.colour.colour_statistics import ColourStatistics, StatisticsNet
from reelfix.restoration.colour.lab import lightness
from reelfix.restoration.colour.net import Hints, Prediction, reduced
from reelfix.restoration.colour.stacks import (
    AB_NORM,
    CELL,
    MATCHED,
    QUARTER,
    SPREAD,
    TRUNK_WIDTHS,
    WORKING_SIZE,
    Stack,
    make_trunk,
    steady,
)
from reelfix.restoration.one_thread import one_thread

RELEASED_CLASSES = 529
"""Bins of the release: all of grid 10 from -110 to 110, those out of gamut too."""
RELEASED_TEMPERATURE = 5.0
"""What the release's logits are divided by before their softmax, in the authors' program."""
_CHANNELS = 4  # lightness, a, b of the hints, where there are hints
_SUBSAMPLED = 3  # stacks after which every second row and column is left out
_JOINED = 3  # the stack whose output the statistics are added to: conv4
_LEAK = 0.2
_PALEST = 0.25  # saturation down to which hints are made up for


@dataclass(frozen=True)
class SiggraphShape:
    """Sizes of the net; the defaults are those of the release."""

    width: int = 64
    """Channels of conv1."""
    classes: int = RELEASED_CLASSES
    """Bins of the distribution: the release's, or our 313, which are in gamut."""
    statistics: bool = False
    """Whether it may be told of the whole picture's colours."""


class Coloured(NamedTuple):
    """What the net makes of a picture."""

    ab: torch.Tensor
    """(B, 2, H, W), Lab units: the regression."""
    logits: torch.Tensor
    """(B, classes, H / 4, W / 4): the distribution."""
    features: torch.Tensor
    """(B, 8 width, H / 8, W / 8): conv5's output."""


class Siggraph17(nn.Module):
    """Lightness and hints in, ab out at full size, and beside it a distribution at a quarter of it."""

    def __init__(self, shape: SiggraphShape | None = None) -> None:
        """Make the net with random weights."""
        super().__init__()
        self.shape = shape = shape or SiggraphShape()
        one, two, four, eight = (times * shape.width for times in TRUNK_WIDTHS[:4])
        self.trunk = make_trunk(_CHANNELS, shape.width, strided=False)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)
            for a, b in ((eight, four), (four, two), (two, two))
        )
        self.shortcuts = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in ((four, four), (two, two), (one, two))
        )
        self.at_quarter = Stack([four, four, four])
        self.at_half = Stack([two, two])
        self.at_whole = nn.Conv2d(two, two, 3, padding=1)
        self.classes = nn.Conv2d(four, shape.classes, 1)
        self.head = nn.Conv2d(two, 2, 1)
        self.bins: torch.Tensor
        self.register_buffer("bins", _centres(shape.classes), persistent=False)
        self.statistics = StatisticsNet(BINS, eight) if shape.statistics else None

    def forward(
        self,
        gray: torch.Tensor,
        hints: Hints | None = None,
        statistics: ColourStatistics | None = None,
    ) -> Coloured:
        """Look at pictures, L / 100 (B, 1, H, W), H and W multiples of 8.

        Hints are on the grid of a quarter of the size. The whole's `statistics` bear on nets made to be told
        them; others do without.
        """
        x = _inputs(gray, hints).to(self.head.weight.dtype)
        seen = []
        for index, stack in enumerate(self.trunk):
            x = stack(x)
            seen.append(x)
            if index < _SUBSAMPLED:
                x = x[..., ::2, ::2]
            elif index == _JOINED and self.statistics is not None:
                x = x + self.statistics(statistics, x.shape[0])
        x = self.at_quarter(F.relu(self.up[0](x) + self.shortcuts[0](seen[2])))  # Bx4wxH/4xW/4
        logits = self.classes(x)
        x = self.at_half(F.relu(self.up[1](x) + self.shortcuts[1](seen[1])))  # Bx2wxH/2xW/2
        x = self.at_whole(F.relu(self.up[2](x) + self.shortcuts[2](seen[0])))  # Bx2wxHxW
        ab = AB_NORM * torch.tanh(self.head(F.leaky_relu(x, _LEAK)).float())
        return Coloured(ab, logits, seen[MATCHED])

    @torch.no_grad()
    def predict(
        self,
        luma: torch.Tensor,
        hints: Hints | None = None,
        saturation: float = 1.0,
        statistics: ColourStatistics | None = None,
        *,
        tilt: torch.Tensor | None = None,
    ) -> Prediction:
        """Colour `luma` (B, 1, H, W), float32 in [0, 1]; see `ColourNet.predict`.

        The net is shown the picture with its longest side reduced to WORKING_SIZE. ab is the regression's,
        the mean of every 4 x 4 pixels, times `saturation`; hints are told to the net in proportion, so that
        they come out as they are, down to a quarter of the saturation. The confidence is the distribution's.
        `statistics`: of one picture, and they hold for all. `tilt`: see `OddsNet.predict`; the regression
        is moved as the mean of the distribution is, but where there are hints.
        """
        return working.each_alone(partial(self._predicted, saturation, statistics, tilt), luma, hints)

    def _predicted(
        self,
        saturation: float,
        statistics: ColourStatistics | None,
        tilt: torch.Tensor | None,
        luma: torch.Tensor,
        hints: Hints | None,
    ) -> Prediction:
        size = luma.shape[2], luma.shape[3]
        shown = working.resized(luma.float(), working.working_size(size, WORKING_SIZE, CELL))
        if hints is not None:
            hints = working.hints_at(hints, reduced((shown.shape[2], shown.shape[3]), QUARTER))
            hints = hints._replace(ab=hints.ab / max(saturation, _PALEST))
        with steady(self.head.weight.dtype):
            seen = self(lightness(shown) / 100, hints, statistics)
        with one_thread():
            mean, spread = annealed_mean(seen.logits, self.bins.float(), self._temperature)
            ab = F.avg_pool2d(seen.ab, QUARTER)
            if tilt is not None:
                tilted = seen.logits + self._temperature * tilt[:, None, None]
                moved, spread = annealed_mean(tilted, self.bins.float(), self._temperature)
                ab = ab + (moved - mean) * (1 if hints is None else 1 - hints.weight)
        ab = working.resized(ab * saturation, reduced(size, QUARTER))
        confidence = working.resized(1 / (1 + (spread / SPREAD).square()), reduced(size, QUARTER))
        features = working.resized(seen.features.float(), reduced(size, CELL))
        return Prediction(ab, confidence, F.normalize(features, dim=1), seen.logits / self._temperature)

    @property
    def _temperature(self) -> float:
        return RELEASED_TEMPERATURE if self.shape.classes == RELEASED_CLASSES else TEMPERATURE


def _centres(classes: int) -> torch.Tensor:
    """Values of a and b (classes, 2) that the classes stand for, Lab units."""
    if classes == BINS:
        return ab_bins()
    if classes == RELEASED_CLASSES:
        ticks = torch.arange(-AB_NORM, AB_NORM + 1, GRID)
        return torch.cartesian_prod(ticks, ticks)
    raise ValueError(f"{classes = } must be {BINS}, our bins, or {RELEASED_CLASSES}, those of the release.")


def _inputs(gray: torch.Tensor, hints: Hints | None) -> torch.Tensor:
    """Lightness about 0, ab of hints, 1 where there are any: (B, 4, H, W)."""
    light = gray - 0.5
    if hints is None:
        return F.pad(light, (0, 0, 0, 0, 0, _CHANNELS - 1))
    told = torch.cat([hints.ab.float() * hints.weight / AB_NORM, hints.weight.float()], 1)
    told = told.repeat_interleave(QUARTER, 2).repeat_interleave(QUARTER, 3)
    return torch.cat([light, told], 1)
