"""Recipe of `colour-compact`: classes of colours, rare ones counted more, and their mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.colour.bins import annealed_mean, rebalancing, soft_encode
from reelfix.restoration.colour.compact import ColourCompact, ColourShape, hint_planes
from reelfix.restoration.colour.net import Hints
from reelfix.restoration.training.measures_colour import colour_measures, colour_samples
from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.training.steps import descend, told

_BETA: Final = 10.0  # Lab units at which the mean's error goes from squared to straight
_STRIDE: Final = 2  # one place in four is judged: neighbours tell much the same
_HINTED: Final = 3  # times the rate that others have: without, hints are long passed over


@dataclass(frozen=True)
class ColourWeights:
    """What the net is asked for."""

    mixed: float = 0.5
    """The paper's lambda: how far the prior is mixed with all alike."""
    power: float = 0.5
    """Of the rebalancing: 1 the paper's, 0 none."""
    mean: float = 0.3
    """Of the error of the distribution's mean."""


class Colorize:
    """Trains `ColourCompact`; `validation`: files that it is measured on, `prior`: how often bins occur."""

    name = "colorize"
    shipped = ("net",)

    def __init__(
        self,
        validation: Sequence[Path],
        prior: torch.Tensor,
        shape: ColourShape | None = None,
        weights: ColourWeights | None = None,
        *,
        rate: float = 4e-4,
        encoder_rate: float = 5e-5,
        frozen_stages: int = 3,
        decay: float = 0.02,
    ) -> None:
        self._net = ColourCompact(shape)
        self._weights = weights or ColourWeights()
        self._counts = rebalancing(prior, self._weights.mixed, self._weights.power)
        with torch.no_grad():
            expected = prior * self._counts
            self._net.head.bias.copy_((expected / expected.sum()).clamp_min(1e-7).log())  # type: ignore[union-attr]
        self._validation = tuple(validation)
        self.modules: Mapping[str, nn.Module] = {"net": self._net}
        encoder = self._net.encoder
        for part in (encoder.stem, *encoder.stages[:frozen_stages]):
            part.requires_grad_(False)
        learning = [values for values in encoder.parameters() if values.requires_grad]
        named = [(name, values) for name, values in self._net.named_parameters() if "encoder." not in name]
        told_by = [values for name, values in named if name.startswith("hinted.")]
        others = [values for name, values in named if not name.startswith("hinted.")]
        groups: list[dict[str, Any]] = [
            {"params": others, "lr": rate, "weight_decay": decay},
            {"params": told_by, "lr": _HINTED * rate, "weight_decay": decay},
        ]
        if learning:
            groups.append({"params": learning, "lr": encoder_rate, "weight_decay": 0.0})
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "net": torch.optim.AdamW(groups, rate, (0.9, 0.99))
        }

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step on a batch of `ColourSource`."""
        gray, ab = batch["gray"].contiguous(memory_format=torch.channels_last), batch["ab"]
        hints = Hints(batch["hint_ab"], batch["hint_weight"])
        features = self._net(gray, hint_planes(hints, len(ab), (ab.shape[2], ab.shape[3]), ab.device))
        down, across = (int(start) for start in torch.randint(_STRIDE, (2,)))
        judged = slice(down, None, _STRIDE), slice(across, None, _STRIDE)
        logits = self._net.head(features[:, :, *judged]).float()
        classes, mean = colour_losses(logits, ab[:, :, *judged], self._net.bins, self._counts)
        descend(self.optimizers["net"], classes + self._weights.mean * mean, 1.0)
        return told(classes=classes, mean=mean)

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure without hints, and with the true colours of 10 points; see `colour_measures`."""
        return colour_measures(modules["net"], self._validation)

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw pictures gray, coloured, coloured with 10 points, and as they were."""
        return colour_samples(modules["net"], self._validation)


def colour_losses(
    logits: torch.Tensor, ab: torch.Tensor, bins: torch.Tensor, counts: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rebalanced cross-entropy (Zhang et al., ECCV 2016, eq. 2), and the error of the mean.

    `logits`: (B, Q, h, w); `ab`: (B, 2, h, w); `bins`: (Q, 2); `counts`: (Q,), what each bin counts. The
    error of the distribution's mean is Huber's (Zhang et al., SIGGRAPH 2017, eq. 1), over 10 Lab units.
    """
    counts = counts.to(logits.device)
    numbers, shares = soft_encode(ab, bins)
    chances = logits.log_softmax(dim=1)
    entropy = -(shares * chances.gather(1, numbers)).sum(dim=1)
    mean, _ = annealed_mean(logits, bins, temperature=1.0)
    return (
        (counts[numbers[:, 0]] * entropy).mean(),
        functional.smooth_l1_loss(mean, ab, beta=_BETA) / _BETA,
    )
