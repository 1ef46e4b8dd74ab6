"""The running average of weights."""

import torch
from torch import nn

from reelfix.restoration.training.average import WeightAverage


def test_follows_the_weights_at_its_decay_and_takes_buffers_as_they_are():
    module = nn.BatchNorm1d(1)
    average = WeightAverage({"net": module}, 0.5)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.running_mean.fill_(7.0)
    average.update(1)  # decay min(0.5, 2 / 11)
    kept = average.modules["net"]
    torch.testing.assert_close(kept.weight.detach(), torch.tensor([1 + 2 * 9 / 11]))
    before = kept.weight.detach().clone()
    average.update(1000)  # decay 0.5
    torch.testing.assert_close(kept.weight.detach(), (before + 3) / 2)
    assert kept.running_mean.item() == 7.0
    assert not kept.weight.requires_grad
    assert not kept.training
