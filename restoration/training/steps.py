"""What the recipes share: a step down a loss, batches to validate on, figures and pictures of them."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from reelfix.restoration.training.recipe import Batch, Source

_VALIDATION_BATCHES = 12


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor, largest: float | None = None) -> None:
    """Take one step down `loss`, a scalar; the norm of each group's gradients is clipped to `largest`."""
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    if largest is not None:
        for group in optimizer.param_groups:
            nn.utils.clip_grad_norm_(group["params"], largest)
    optimizer.step()


def told(**losses: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return losses as a recipe reports them: detached scalars."""
    return {name: loss.detach().float() for name, loss in losses.items()}


def to_device(batch: Any, net: nn.Module) -> dict[str, torch.Tensor]:
    """Return the tensors of a batch on the device that `net` is on."""
    device = next(net.parameters()).device
    return {name: tensor.to(device) for name, tensor in batch.items()}


def side_by_side(*pictures: torch.Tensor) -> torch.Tensor:
    """Lay batches (B, C, H, W) out as columns of a grid: float32 (C, B H, n W) in [0, 1], on the CPU."""
    wide = torch.cat([each.float().cpu() for each in pictures], dim=3)  # B x C x H x (n W)
    return torch.cat(list(wide), dim=1).clamp(0.0, 1.0)


def validation_batches(source: Source, net: nn.Module) -> Iterator[Batch]:
    """Give the batches that a run is measured on, on the device that `net` is on."""
    for number in range(_VALIDATION_BATCHES):
        yield to_device(source.batch(number), net)


def decibels(square: float) -> float:
    """PSNR in dB of a mean squared error, peak 1.0; at most 100."""
    return float(-10 * torch.log10(torch.tensor(max(square, 1e-10))))
