"""The odds that a trained detector's logits stand for: a scale and a shift for each plane.

Platt, "Probabilistic outputs for support vector machines" (1999): a logistic regression of the truth on the
logits, on clips that were not learned from. A focal loss makes plain things less sure than they are, and a
loss on the overlap makes doubtful ones surer.
"""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.detector_net import PLANES, DetectorNet
from reelfix.restoration.training.prepared import Arrays
from reelfix.restoration.training.source_detect import told_of

_STEPS = 60
_SURE = 12.0  # logits beyond which nothing is learned


def measured_odds(
    net: DetectorNet, frames: Iterable[tuple[Arrays, int]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `scale` and `shift` (2,) that make the logits of `net` those of the odds, on frames of clips.

    What is faint, or beside a mark, counts as little as in training.
    """
    weight = net.stem.weight
    logits: list[torch.Tensor] = []
    truths: list[torch.Tensor] = []
    weights: list[torch.Tensor] = []
    for clip, t in frames:
        told = {name: torch.from_numpy(planes) for name, planes in told_of(clip, t).items()}
        height, width = told["truth"].shape[1:]
        with torch.no_grad():
            found = net(told["inputs"][None].to(weight.device, weight.dtype))[0, :, :height, :width]
        raw = (found.float().cpu() - net.shift.float()[:, None, None]) / net.scale.float()[:, None, None]
        logits.append(raw.flatten(1))
        truths.append(told["truth"].flatten(1))
        weights.append(told["weight"].flatten(1))
    return fitted_odds(torch.cat(logits, dim=1), torch.cat(truths, dim=1), torch.cat(weights, dim=1))


def fitted_odds(
    logits: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `scale` and `shift` (2,) for `logits`, `truth` in {0, 1} and `weight`, all (2, n)."""
    logits = logits.clamp(-_SURE, _SURE)
    scale, shift = nn.Parameter(torch.ones(PLANES)), nn.Parameter(torch.zeros(PLANES))
    optimizer = torch.optim.LBFGS([scale, shift], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = (
            functional.binary_cross_entropy_with_logits(
                logits * scale[:, None] + shift[:, None], truth, weight, reduction="sum"
            )
            / weight.sum()
        )
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return scale.detach(), shift.detach()
