"""Recipes of `colour-eccv16` and `colour-siggraph17`, as their papers have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.colour.bins import rebalancing
from reelfix.restoration.colour.colour_statistics import ColourStatistics, histogram_of, saturation_of
from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.lab import lab_to_rgb
from reelfix.restoration.colour.net import Hints
from reelfix.restoration.colour.siggraph17 import Siggraph17
from reelfix.restoration.colour.stacks import QUARTER
from reelfix.restoration.training.measures_colour import colour_measures, colour_samples
from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.training.recipe_colour import colour_losses
from reelfix.restoration.training.steps import descend, told

_BETA: Final = 10.0  # Lab units at which the regression's error goes from squared to straight


@dataclass(frozen=True)
class PublishedColourWeights:
    """What the nets are asked for."""

    mixed: float = 0.5
    """eccv16's lambda: how far the prior is mixed with all alike."""
    power: float = 1.0
    """Of the rebalancing: 1 as in eccv16, 0 none."""
    classes: float = 1.0
    """Of the distribution's cross-entropy."""
    regression: float = 1.0
    """Of siggraph17's regression, Huber's (its equation 1); eccv16 has none."""
    statistics: float = 0.25
    """How often a net that can be told of the whole picture's colours is told of their histogram, and how
    often of their saturation."""


class ColorizePublished:
    """Trains `net`; `validation`: files that it is measured on, `prior`: how often bins occur."""

    name = "colorize"
    shipped = ("net",)

    def __init__(
        self,
        net: Eccv16 | Siggraph17,
        validation: Sequence[Path],
        prior: torch.Tensor,
        weights: PublishedColourWeights | None = None,
        *,
        rate: float = 3e-5,
        decay: float = 1e-3,
    ) -> None:
        self._net = net
        self._weights = weights or PublishedColourWeights()
        self._counts = rebalancing(prior, self._weights.mixed, self._weights.power)
        self._validation = tuple(validation)
        self.modules: Mapping[str, nn.Module] = {"net": net}
        # The authors' Adam: beta 0.9 and 0.99.
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "net": torch.optim.AdamW(net.parameters(), rate, (0.9, 0.99), weight_decay=decay)
        }

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step on a batch of `ColourSource`."""
        gray, ab = batch["gray"].contiguous(memory_format=torch.channels_last), batch["ab"]
        if isinstance(self._net, Eccv16):
            classes = self._entropy(self._net(gray).logits, ab)
            descend(self.optimizers["net"], self._weights.classes * classes, 1.0)
            return told(classes=classes)
        hints = Hints(batch["hint_ab"], batch["hint_weight"])
        seen = self._net(gray, hints, self._statistics(gray, ab))
        classes = self._entropy(seen.logits, ab)
        found = functional.avg_pool2d(seen.ab, QUARTER)
        regression = functional.smooth_l1_loss(found, ab, beta=_BETA) / _BETA
        loss = self._weights.classes * classes + self._weights.regression * regression
        descend(self.optimizers["net"], loss, 1.0)
        return told(classes=classes, regression=regression)

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure without hints, and with the true colours of 10 points; see `colour_measures`."""
        return colour_measures(modules["net"], self._validation)

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw pictures gray, coloured, coloured with 10 points, and as they were."""
        return colour_samples(modules["net"], self._validation)

    def _entropy(self, logits: torch.Tensor, ab: torch.Tensor) -> torch.Tensor:
        classes, _ = colour_losses(logits.float(), ab, self._net.bins, self._counts)
        return classes

    def _statistics(self, gray: torch.Tensor, ab: torch.Tensor) -> ColourStatistics | None:
        """The truth's statistics, each told of some batches."""
        assert isinstance(self._net, Siggraph17)
        if self._net.statistics is None:
            return None
        says_histogram, says_saturation = (torch.rand(2) < self._weights.statistics).tolist()
        lab = torch.cat([100 * functional.avg_pool2d(gray, QUARTER), ab], 1)
        return ColourStatistics(
            histogram_of(ab, self._net.bins) if says_histogram else None,
            saturation_of(lab_to_rgb(lab).clamp(0, 1)) if says_saturation else None,
        )
