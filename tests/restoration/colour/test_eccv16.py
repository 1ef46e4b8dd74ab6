"""The automatic net: sizes, the annealed mean, confidence, features, hints, bfloat16."""

import pytest
import torch

from reelfix.restoration.colour.bins import BINS, ab_bins
from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.net import ColourNet, Hints


@pytest.fixture
def net() -> Eccv16:
    torch.manual_seed(0)
    return Eccv16(2).eval().requires_grad_(False)


@pytest.mark.parametrize(("height", "width"), [(16, 24), (17, 23), (5, 40), (270, 40)])
def test_any_size(net: Eccv16, height: int, width: int) -> None:
    ab, confidence, features = net.predict(torch.rand(2, 1, height, width))[:3]
    quarter = (-(-height // 4), -(-width // 4))
    assert ab.shape == (2, 2, *quarter)
    assert confidence.shape == (2, 1, *quarter)
    assert features.shape == (2, 16, -(-height // 8), -(-width // 8))
    assert torch.allclose(features.norm(dim=1), torch.ones(()), atol=1e-4)
    assert isinstance(net, ColourNet)


def test_one_sure_bin_is_the_colour(net: Eccv16) -> None:
    net.head.weight.zero_()
    net.head.bias.fill_(0).index_fill_(0, torch.tensor(100), 50.0)
    seen = net.predict(torch.rand(1, 1, 16, 16), saturation=0.5)
    assert torch.allclose(seen.ab, 0.5 * ab_bins()[100][None, :, None, None].expand(1, 2, 4, 4), atol=1e-3)
    assert seen.confidence.min() > 0.999
    net.head.bias.zero_()
    seen = net.predict(torch.rand(1, 1, 16, 16))
    assert torch.allclose(seen.ab[0, :, 0, 0], ab_bins().mean(0), atol=1e-3)
    assert seen.confidence.max() < 0.1


def test_the_mean_is_annealed_before_it_is_taken(net: Eccv16) -> None:
    net.head.weight.zero_()
    net.head.bias.fill_(-100.0)
    net.head.bias[3], net.head.bias[200] = 1.0, 0.0
    odds = torch.tensor([1 / 0.38, 0.0]).softmax(0)
    wanted = odds[0] * ab_bins()[3] + odds[1] * ab_bins()[200]
    assert torch.allclose(net.predict(torch.rand(1, 1, 8, 8)).ab[0, :, 1, 1], wanted, atol=1e-3)


def test_hints_are_met_where_they_are(net: Eccv16) -> None:
    luma = torch.rand(1, 1, 16, 16)
    hints = Hints(torch.full((1, 2, 4, 4), 30.0), torch.zeros(1, 1, 4, 4))
    hints.weight[..., 2, 1] = 1
    told, untold = net.predict(luma, hints), net.predict(luma)
    assert told.ab[0, :, 2, 1].tolist() == [30, 30]
    assert told.confidence[0, 0, 2, 1] == 1
    changed = (told.ab != untold.ab).any(1)[0]
    assert changed.sum() == 1


def test_bfloat16_agrees(net: Eccv16) -> None:
    luma = torch.rand(1, 1, 24, 24)
    wanted = net.predict(luma)
    found = net.to(torch.bfloat16).predict(luma)
    assert found.ab.dtype == found.features.dtype == torch.float32
    assert net.bins.shape == (BINS, 2)
    assert (found.ab - wanted.ab).abs().max() < 0.5
    assert (found.features * wanted.features).sum(1).min() > 0.99
