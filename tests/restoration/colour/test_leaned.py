"""Nets that lean to what is said of the whole: told once, the same for every frame, for each kind of net."""

import pytest
import torch

from reelfix.restoration.colour.annealed import Annealed
from reelfix.restoration.colour.bins import ab_bins
from reelfix.restoration.colour.colour_statistics import histogram_of, shown_saturation
from reelfix.restoration.colour.compact import ColourCompact, ColourShape
from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.guides import Exemplar, Guides
from reelfix.restoration.colour.leaned import leaned
from reelfix.restoration.colour.net import ColourNet, Hints, OddsNet, Prediction
from reelfix.restoration.colour.palette import Palette, coloured
from reelfix.restoration.colour.siggraph17 import Siggraph17, SiggraphShape

TINY = ColourShape(4, (4, 8, 8, 8, 8, 8, 8), (1,) * 7, (16, 16, 16, 16), 8)
WEIGHTS = {"red_weight": 0.299, "blue_weight": 0.114}
BINS = ab_bins()


def made(name: str) -> ColourNet:
    torch.manual_seed(1)
    nets: dict[str, torch.nn.Module] = {
        "compact": ColourCompact(TINY),
        "eccv16": Eccv16(2),
        "siggraph17": Siggraph17(SiggraphShape(2, 313)),
        "release": Siggraph17(SiggraphShape(2)),
        "branch": Siggraph17(SiggraphShape(2, 313, statistics=True)),
    }
    net = nets[name].eval()
    assert isinstance(net, ColourNet)
    return Annealed(net, 0.5) if isinstance(net, ColourCompact) else net


NETS = ["compact", "eccv16", "siggraph17", "release"]


def luma(seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 32, 48, generator=torch.Generator().manual_seed(seed))


def mean_saturation(tones: torch.Tensor, ab: torch.Tensor) -> float:
    return float(shown_saturation(coloured(tones, ab, **WEIGHTS)[None]))


def palette(*colour: float, strength: float = 1.0) -> Palette:
    there = torch.tensor(colour)[None, :, None, None].expand(1, 2, 4, 4)
    return Palette(histogram_of(there, BINS)[0], 0.6, strength)


def told(net: ColourNet, **said: object) -> ColourNet:
    guides = Guides(exemplars=(Exemplar(luma(), 0),), **said)  # type: ignore[arg-type]
    return leaned(net, guides, torch.device("cpu"), longest=48, **WEIGHTS)


def mean_ab(net: ColourNet, seed: int = 0) -> torch.Tensor:
    return net.predict(luma(seed)[None], None).ab.mean(dim=(0, 2, 3))


def test_nothing_said_changes_nothing() -> None:
    net = made("compact")
    assert told(net) is net


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("colour", [(40.0, 40.0), (-40.0, 30.0), (20.0, -50.0)])
def test_colours_go_towards_the_palette(name: str, colour: tuple[float, float]) -> None:
    net = made(name)
    assert isinstance(net, OddsNet)
    aim = torch.tensor(colour)
    leaning = told(net, palette=palette(*colour))
    # On the frame that it was measured on, and on others.
    for seed in (0, 5):
        assert (mean_ab(leaning, seed) - aim).norm() < 0.9 * (mean_ab(net, seed) - aim).norm()


def test_strength_says_how_far() -> None:
    net, aim = made("compact"), torch.tensor([40.0, 40.0])
    far, half, not_at_all = (
        (mean_ab(told(net, palette=palette(40.0, 40.0, strength=strength))) - aim).norm()
        for strength in (1.0, 0.5, 0.0)
    )
    assert far < half < not_at_all
    assert not_at_all == pytest.approx(float((mean_ab(net) - aim).norm()), rel=1e-3)


def test_a_branch_is_told_the_statistics() -> None:
    net = made("branch")
    red, blue = (told(net, palette=palette(*colour)) for colour in ((40.0, 40.0), (20.0, -50.0)))
    assert not torch.allclose(mean_ab(red), mean_ab(blue), atol=1e-3)
    nothing = mean_ab(told(net, palette=palette(40.0, 40.0, strength=0.0)))
    assert (mean_ab(red) - nothing).norm() > 1e-3


@pytest.mark.parametrize("name", [*NETS, "branch"])
def test_a_saturation_is_met(name: str) -> None:
    net = made(name)
    own = net.predict(luma()[None], None).ab
    tones = torch.nn.functional.interpolate(luma()[None], own.shape[2:], mode="bilinear", antialias=True)[0]
    wanted = 0.8 * mean_saturation(tones, own[0])
    if name == "branch":
        wanted *= 0.5
    found = told(net, mean_saturation=wanted).predict(luma()[None], None).ab
    assert mean_saturation(tones, found[0]) == pytest.approx(wanted, rel=0.05)
    assert told(net, mean_saturation=0.0).predict(luma()[None], None).ab.abs().max() < 0.05


@pytest.mark.parametrize("name", ["compact", "eccv16"])
def test_what_is_hinted_is_met_whatever_the_palette(name: str) -> None:
    ab, weight = torch.zeros(1, 2, 8, 12), torch.zeros(1, 1, 8, 12)
    ab[..., 3, 4], weight[..., 3, 4] = 25.0, 1.0
    found = told(made(name), palette=palette(-40.0, 30.0)).predict(luma()[None], Hints(ab, weight)).ab
    assert found[0, :, 3, 4].tolist() == pytest.approx([25, 25], abs=0.1)


def test_black_borders_do_not_count() -> None:
    net = made("compact")
    bordered = torch.cat([luma(), torch.zeros(1, 32, 48)], dim=2)

    def saturation(colours: ColourNet) -> float:
        ab = colours.predict(bordered[None], None).ab
        tones = torch.nn.functional.interpolate(
            bordered[None], ab.shape[2:], mode="bilinear", antialias=True
        )[0]
        return mean_saturation(tones[..., :12], ab[0, ..., :12])

    wanted = saturation(net) / 2
    guides = Guides(exemplars=(Exemplar(bordered, 0),), mean_saturation=wanted)
    found = leaned(net, guides, torch.device("cpu"), longest=96, **WEIGHTS)
    assert saturation(found) == pytest.approx(wanted, rel=0.3)  # not twice as much


class Plain:
    """A net without odds."""

    def predict(self, luma: torch.Tensor, hints: Hints | None, saturation: float = 1.0) -> Prediction:
        ab = torch.full((1, 2, 8, 12), 10.0) * saturation
        return Prediction(ab, torch.ones(1, 1, 8, 12), torch.ones(1, 1, 4, 6))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="Plain gives none"):
        told(Plain(), palette=palette(10.0, 10.0))
    assert float(mean_ab(told(Plain(), mean_saturation=0.02)).norm()) < 5
    with pytest.raises(ValueError, match="need an exemplar"):
        leaned(Plain(), Guides(mean_saturation=0.2), torch.device("cpu"), longest=48, **WEIGHTS)
