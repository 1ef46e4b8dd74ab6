"""The running average of weights over the steps of a run."""

import copy
from collections.abc import Mapping

import torch
from torch import nn


class WeightAverage:
    """An exponential moving average of the weights of some nets.

    After n steps the decay is min(decay, (1 + n) / (10 + n)), so that the first weights, which are noise, are
    soon forgotten. Buffers (the statistics of normalization) are taken as they are.
    """

    def __init__(self, modules: Mapping[str, nn.Module], decay: float) -> None:
        self.decay = decay
        self.modules = {name: copy.deepcopy(module).eval() for name, module in modules.items()}
        for module in self.modules.values():
            module.requires_grad_(False)
        self._live = dict(modules)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights as they are after `step` steps."""
        share = 1.0 - min(self.decay, (1 + step) / (10 + step))
        for name, average in self.modules.items():
            torch._foreach_lerp_(_weights(average), _weights(self._live[name]), share)
            for kept, buffer in zip(average.buffers(), self._live[name].buffers(), strict=True):
                kept.copy_(buffer)


def _weights(module: nn.Module) -> list[torch.Tensor]:
    return [parameter for parameter in module.parameters() if parameter.is_floating_point()]
