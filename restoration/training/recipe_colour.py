"""Recipe of `colour-compact`: classes of colours, rare ones counted more, and their mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.colour.bins import annealed_mean, rebalancing, soft_encode
from reelfix.restoration.colour.chroma import chroma_from_ab, rgb_from_chroma
from reelfix.restoration.colour.compact import ColourCompact, ColourShape, hint_planes
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.colour.net import Hints
from reelfix.restoration.training.colour_hints import point_hints
from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.training.source_colour import read_colour
from reelfix.restoration.training.steps import decibels, descend, side_by_side, told

_LUMA: Final = (0.299, 0.587, 0.114)
_BETA: Final = 10.0  # Lab units at which the mean's error goes from squared to straight
_STRIDE: Final = 2  # one place in four is judged: neighbours tell much the same
_HINTED: Final = 3  # times the rate that others have: without, hints are long passed over
_POINTS: Final = 10
_SHOWN: Final = 10
_SHOWN_SIZE: Final = 160


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
        """Measure without hints, and with the true colours of 10 points.

        `psnr` of R, G, B in dB; `ab_error`, the mean distance of a and b in Lab units; `chroma`, the mean
        length of a and b over the truth's; `ab_error_gray`: of a picture left gray.
        """
        net = modules["net"]
        assert isinstance(net, ColourCompact)
        sums: dict[str, list[float]] = {}
        for rgb in self._pictures():
            luma, ab = _luma(rgb), rgb_to_lab(rgb)[:, 1:]
            for name, hints in (("", None), (f"_{_POINTS}", _true_points(ab))):
                found = coloured(net, luma, hints)
                found_ab = rgb_to_lab(found)[:, 1:]
                sums.setdefault(f"psnr{name}", []).append(decibels(float((found - rgb).square().mean())))
                sums.setdefault(f"ab_error{name}", []).append(float((found_ab - ab).norm(dim=1).mean()))
                sums.setdefault(f"chroma{name}", []).append(float(found_ab.norm(dim=1).mean()))
            sums.setdefault("ab_error_gray", []).append(float(ab.norm(dim=1).mean()))
        means = {name: float(np.mean(values)) for name, values in sums.items()}
        return {
            name: value / means["ab_error_gray"] if name.startswith("chroma") else value
            for name, value in means.items()
        }

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw pictures gray, coloured, coloured with 10 points, and as they were."""
        net = modules["net"]
        assert isinstance(net, ColourCompact)
        rows = []
        for rgb in list(self._pictures())[:: max(len(self._validation) // _SHOWN, 1)][:_SHOWN]:
            luma, hints = _luma(rgb), _true_points(rgb_to_lab(rgb)[:, 1:])
            pictures = (luma.expand_as(rgb), coloured(net, luma), coloured(net, luma, hints), rgb)
            size = (_SHOWN_SIZE, _SHOWN_SIZE)
            rows.append([functional.interpolate(picture, size, mode="area") for picture in pictures])
        return side_by_side(*(torch.cat(column) for column in zip(*rows, strict=True)))

    def _pictures(self) -> Any:
        device = next(self._net.parameters()).device
        for number, file in enumerate(self._validation):
            picture = read_colour(file, np.random.default_rng(number))
            yield torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None].to(device)


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


def coloured(net: ColourCompact, luma: torch.Tensor, hints: Hints | None = None) -> torch.Tensor:
    """Colour luma (1, 1, H, W) with what `net` predicts, enlarged: R, G, B (1, 3, H, W) in [0, 1]."""
    ab = net.predict(luma, hints).ab
    ab = functional.interpolate(ab, luma.shape[2:], mode="bilinear")
    return rgb_from_chroma(luma, chroma_from_ab(luma, ab, _LUMA[0], _LUMA[2]), _LUMA[0], _LUMA[2])


def _luma(rgb: torch.Tensor) -> torch.Tensor:
    return torch.einsum("bchw,c->bhw", rgb, torch.tensor(_LUMA, device=rgb.device))[:, None]


def _true_points(ab: torch.Tensor) -> Hints:
    """Give the true colours of 10 squares, always the same, on the grid of a quarter."""
    size = -(-ab.shape[2] // 4), -(-ab.shape[3] // 4)
    small = functional.interpolate(ab, size, mode="area")[0].cpu().numpy()
    hints = point_hints(small, _POINTS, np.random.default_rng(0))
    return Hints(*(torch.from_numpy(values)[None].to(ab.device) for values in hints))
