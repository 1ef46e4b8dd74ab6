"""The guided net: sizes, hints, the whole picture's statistics, saturation, bfloat16."""

from pathlib import Path

import pytest
import torch

from reelfix.restoration.colour.bins import BINS
from reelfix.restoration.colour.colour_statistics import ColourStatistics
from reelfix.restoration.colour.net import ColourNet, Hints
from reelfix.restoration.colour.published import save_colour
from reelfix.restoration.colour.siggraph17 import Siggraph17, SiggraphShape
from reelfix.restoration.models.descriptor import describe

TOLD = SiggraphShape(width=2, classes=BINS, statistics=True)


def make(shape: SiggraphShape) -> Siggraph17:
    torch.manual_seed(0)
    return Siggraph17(shape).eval().requires_grad_(False)


def hint(ab: tuple[float, float], weight: float = 1.0) -> Hints:
    hints = Hints(torch.zeros(1, 2, 6, 6), torch.zeros(1, 1, 6, 6))
    hints.ab[0, :, 1, 4] = torch.tensor(ab)
    hints.weight[0, 0, 1, 4] = weight
    return hints


@pytest.mark.parametrize(("height", "width"), [(16, 24), (17, 23), (5, 40), (270, 40)])
def test_any_size(height: int, width: int) -> None:
    net = make(SiggraphShape(width=2, classes=BINS))
    quarter = (-(-height // 4), -(-width // 4))
    hints = Hints(torch.zeros(2, 2, *quarter), torch.ones(2, 1, *quarter))
    ab, confidence, features = net.predict(torch.rand(2, 1, height, width), hints)[:3]
    assert ab.shape == (2, 2, *quarter)
    assert confidence.shape == (2, 1, *quarter)
    assert features.shape == (2, 16, -(-height // 8), -(-width // 8))
    assert torch.allclose(features.norm(dim=1), torch.ones(()), atol=1e-4)
    assert isinstance(net, ColourNet)


def test_a_hint_changes_the_colours_near_it() -> None:
    net, luma = make(SiggraphShape(width=2, classes=BINS)), torch.rand(1, 1, 24, 24)
    change = (net.predict(luma, hint((80, 0))).ab - net.predict(luma).ab).abs().sum(1)[0]
    assert int(change.argmax()) in {6 * row + column for row in (0, 1, 2) for column in (3, 4, 5)}
    assert torch.equal(net.predict(luma, hint((80, 0), weight=0.0)).ab, net.predict(luma).ab)


def test_hints_are_made_up_for_the_saturation() -> None:
    net, luma = make(SiggraphShape(width=2, classes=BINS)), torch.rand(1, 1, 24, 24)
    assert torch.allclose(
        net.predict(luma, hint((40, -20)), saturation=0.5).ab, 0.5 * net.predict(luma, hint((80, -40))).ab
    )
    assert not net.predict(luma, hint((40, -20)), saturation=0).ab.any()


def test_statistics_bear_on_a_net_made_for_them() -> None:
    net, plain = make(TOLD), make(SiggraphShape(width=2, classes=BINS))
    luma = torch.rand(1, 1, 16, 16)
    histogram = torch.zeros(1, BINS).index_fill_(1, torch.tensor(2), 1.0)
    told = ColourStatistics(histogram, torch.tensor([0.6]))
    unsaid = ColourStatistics(None, None)
    assert torch.equal(net.predict(luma, statistics=unsaid).ab, net.predict(luma).ab)
    assert not torch.equal(net.predict(luma, statistics=told).ab, net.predict(luma).ab)
    assert net.statistics is not None
    added = [
        net.statistics(statistics, 3)
        for statistics in (unsaid, told, told._replace(saturation=None), told._replace(histogram=None))
    ]
    assert all(each.shape == (3, 16, 1, 1) for each in added)
    for index, first in enumerate(added):
        assert all(not torch.equal(first, other) for other in added[:index])
    assert torch.equal(plain.predict(luma, statistics=told).ab, plain.predict(luma).ab)


def test_its_sizes_are_read_off_its_weights(tmp_path: Path) -> None:
    save_colour(make(TOLD), tmp_path / "net.safetensors")
    built = describe(str(tmp_path / "net.safetensors")).build()
    assert isinstance(built, Siggraph17)
    assert built.shape == TOLD
    luma = torch.rand(1, 1, 16, 16)
    assert torch.equal(built.predict(luma).ab, make(TOLD).predict(luma).ab)


def test_bfloat16_agrees() -> None:
    luma, net = torch.rand(1, 1, 24, 24), make(TOLD)
    wanted = net.predict(luma, hint((80, 0)))
    found = net.to(torch.bfloat16).predict(luma, hint((80, 0)))
    assert found.ab.dtype == torch.float32
    assert (found.ab - wanted.ab).abs().max() < 1.5
