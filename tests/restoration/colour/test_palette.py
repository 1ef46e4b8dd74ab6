"""Colours as a whole: taken from a picture, and a net's odds and colours brought near them."""

import pytest
import torch

from reelfix.restoration.colour.bins import ab_bins
from reelfix.restoration.colour.colour_statistics import histogram_of, shown_saturation
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.colour.palette import (
    MOST_VIVID,
    Palette,
    chroma_scale,
    coloured,
    on_bins,
    palette_of,
    saturation_scale,
    tilt_towards,
)

BINS = ab_bins()
WARM, COLD = (
    (BINS - torch.tensor([[20.0, 40.0]])).norm(dim=1),
    (BINS + torch.tensor([[0.0, 40.0]])).norm(dim=1),
)
WEIGHTS = 0.299, 0.114


def odds(*colours: tuple[float, float], spread: float = 20.0) -> torch.Tensor:
    """Distributions about colours, as logarithms: (N, 313)."""
    return -torch.cdist(torch.tensor(colours), BINS).square() / (2 * spread**2)


def shares(near: torch.Tensor) -> torch.Tensor:
    histogram = (-near.square() / 200).exp()
    return histogram / histogram.sum()


def test_a_palette_is_what_there_is_wherever_it_lies() -> None:
    picture = torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(1)).repeat_interleave(4, 2)
    found = palette_of(picture, 0.5)
    assert float(found.histogram.sum()) == pytest.approx(1)
    assert (found.strength, 0 < found.saturation < 1) == (0.5, True)
    turned = palette_of(picture.flip(1, 2))
    torch.testing.assert_close(turned.histogram, found.histogram, atol=1e-3, rtol=0)
    red = palette_of(torch.tensor([0.8, 0.2, 0.2])[:, None, None].expand(3, 8, 8))
    assert red.saturation == pytest.approx(0.75)
    assert (red.histogram[:, None] * BINS).sum(0).tolist() == pytest.approx([59, 37], abs=1)
    with pytest.raises(ValueError, match=r"strength = 1.5 must be in"):
        palette_of(picture, 1.5)


def test_odds_are_tilted_until_the_whole_has_the_histogram() -> None:
    generator = torch.Generator().manual_seed(2)
    places = odds(*(torch.randn(400, 2, generator=generator) * 25).tolist(), spread=25.0)
    wanted = 0.5 * shares(WARM) + 0.5 * shares(COLD)
    own = places.softmax(1).mean(0)

    def apart(strength: float) -> float:
        tilted = (places + tilt_towards(wanted, places, BINS, strength)).softmax(1).mean(0)
        return float((tilted - wanted).abs().sum())

    before = float((own - wanted).abs().sum())
    assert apart(1.0) < 0.35 * before
    assert apart(1.0) < apart(0.5) < 0.8 * before
    assert tilt_towards(wanted, places, BINS, 0.0).abs().max() == 0


def test_a_tilt_keeps_the_order_of_places_and_what_is_sure() -> None:
    places = odds((0.0, 30.0), (0.0, 0.0), (0.0, -10.0))
    tilt = tilt_towards(shares(WARM), places, BINS, 1.0)
    yellow, gray, blue = ((places + tilt).softmax(1) @ BINS)[:, 1].tolist()
    plain = (places.softmax(1) @ BINS)[:, 1].tolist()
    assert (yellow, gray, blue) == tuple(sorted((yellow, gray, blue), reverse=True))
    assert (yellow > plain[0], gray > plain[1] + 3, blue > plain[2] + 3) == (True, True, True)
    sure = odds((0.0, -40.0), spread=4.0)
    change = (sure + tilt).softmax(1) @ BINS - sure.softmax(1) @ BINS
    assert float(change.norm()) < 5
    assert float(tilt.abs().max()) < 4.2


def test_a_histogram_comes_to_the_bins_of_another_net() -> None:
    histogram = shares(WARM)
    torch.testing.assert_close(on_bins(histogram, BINS), histogram)
    grid = torch.cartesian_prod(*[torch.arange(-110.0, 111.0, 10.0)] * 2)
    wide = on_bins(histogram, grid)
    assert float(wide.sum()) == pytest.approx(1)
    torch.testing.assert_close(wide @ grid, histogram @ BINS)


def test_colours_are_scaled_to_the_palette_s_chroma_within_bounds() -> None:
    palette = Palette(shares(WARM), 0.5)
    wanted = float(palette.histogram @ BINS.norm(dim=1))
    colours = torch.tensor([[3.0, -30.0], [4.0, 40.0]])
    assert chroma_scale(palette, colours) == pytest.approx(wanted / 27.5)
    assert chroma_scale(Palette(palette.histogram, 0.5, 0.5), colours) == pytest.approx(
        (wanted / 27.5) ** 0.5
    )
    assert chroma_scale(palette, colours / 100) == 2
    assert chroma_scale(palette, colours * 100) == 0.5
    assert chroma_scale(palette, colours * 0) == 2


def test_a_saturation_is_met_as_far_as_it_may() -> None:
    luma = torch.linspace(0.2, 0.8, 48).reshape(1, 6, 8)
    colours = 15 * torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(3))
    for wanted in (0.05, 0.2):
        scale = saturation_scale(wanted, luma, colours, *WEIGHTS)
        rgb = coloured(luma, scale * colours, *WEIGHTS)
        assert float(shown_saturation(rgb[None])) == pytest.approx(wanted, abs=1e-3)
    assert saturation_scale(0.0, luma, colours, *WEIGHTS) < 1e-3
    assert saturation_scale(0.9, luma, colours, *WEIGHTS) == MOST_VIVID


def test_a_palette_s_histogram_is_that_of_its_colours() -> None:
    flat = torch.tensor([0.3, 0.5, 0.2])[:, None, None].expand(3, 16, 16)
    torch.testing.assert_close(palette_of(flat).histogram, histogram_of(rgb_to_lab(flat)[None, 1:], BINS)[0])
