"""The contract between the trainer and what it trains."""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import nn

Batch = Mapping[str, torch.Tensor]
"""What one step learns from: tensors by name, on the CPU until the trainer moves them."""


class Source(Protocol):
    """Where batches come from.

    A batch is a function of the source's seed and of the step alone: a run that was killed gets the very
    batches it would have had, and batches can be made beside each other by several processes.
    """

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        ...


class Recipe(Protocol):
    """Nets, what is asked of them, and how they are asked: all that the trainer does not know.

    A recipe keeps no state of its own but its modules' and optimizers'. Whatever it draws at random in a
    step, it draws from the global generator of torch, which the trainer seeds from the run's seed and the
    step before each one.
    """

    name: str
    modules: Mapping[str, nn.Module]
    """All nets, discriminators too: what a checkpoint keeps."""
    optimizers: Mapping[str, torch.optim.Optimizer]
    """With the learning rate of the run's start; the trainer scales it along the run's schedule."""

    @property
    def shipped(self) -> tuple[str, ...]:
        """Modules that the run is for: the trainer averages their weights over time, and writes them out."""
        ...

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step on every optimizer; returns the losses, detached scalars by name."""
        ...

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure `modules` (the shipped ones, averaged; the rest as they are) on the validation part."""
        ...

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Return a grid of example pictures to look at: float32 (C, H, W) in [0, 1]."""
        ...
