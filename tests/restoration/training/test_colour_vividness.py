import torch

from reelfix.restoration.colour.bins import ab_bins, rebalancing, smoothed_prior
from reelfix.restoration.training.colour_vividness import more_vivid


def test_logits_are_those_of_a_net_trained_with_more_rebalancing() -> None:
    bins = ab_bins()
    prior = smoothed_prior(torch.exp(-bins.norm(dim=1) / 8), bins)
    truth = torch.rand(len(bins), generator=torch.Generator().manual_seed(1)).double() * prior
    milder, stronger = (  # what the cross-entropy, weighted so, has its least at
        (rebalancing(prior, power=power) * truth).log() for power in (0.5, 0.75)
    )
    found = more_vivid(milder, prior, 0.25)
    torch.testing.assert_close(found.softmax(dim=0), stronger.softmax(dim=0))


def test_nothing_more_is_nothing_changed() -> None:
    bins, bias = ab_bins(), torch.randn(313)
    prior = smoothed_prior(torch.exp(-bins.norm(dim=1) / 8), bins)
    torch.testing.assert_close(more_vivid(bias, prior, 0.0), bias)
    vivid = int(bins.norm(dim=1).argmax())
    assert more_vivid(bias, prior, 0.5)[vivid] > bias[vivid] > more_vivid(bias, prior, -0.5)[vivid]
