import pytest
import torch

from reelfix.restoration.colour.chroma import (
    ab_from_chroma,
    chroma_from_ab,
    rgb_from_chroma,
    within_gamut,
)
from reelfix.restoration.colour.lab import rgb_to_lab

_WEIGHTS = [(0.299, 0.114), (0.2126, 0.0722)]


def _picture() -> torch.Tensor:
    return 0.15 + 0.7 * torch.rand((2, 3, 12, 10), generator=torch.Generator().manual_seed(2))


def _luma(rgb: torch.Tensor, red: float, blue: float) -> torch.Tensor:
    return red * rgb[:, :1] + (1 - red - blue) * rgb[:, 1:2] + blue * rgb[:, 2:]


@pytest.mark.parametrize("weights", _WEIGHTS)
def test_a_picture_comes_back_from_its_luma_and_ab(weights: tuple[float, float]) -> None:
    rgb = _picture()
    luma = _luma(rgb, *weights)
    chroma = chroma_from_ab(luma, rgb_to_lab(rgb)[:, 1:], *weights)
    torch.testing.assert_close(rgb_from_chroma(luma, chroma, *weights), rgb, atol=2e-3, rtol=0)
    torch.testing.assert_close(chroma[:, :1], rgb[:, 2:] - luma, atol=2e-3, rtol=0)


@pytest.mark.parametrize("weights", _WEIGHTS)
def test_chroma_and_back_is_the_ab(weights: tuple[float, float]) -> None:
    rgb = _picture()
    luma, ab = _luma(rgb, *weights), rgb_to_lab(rgb)[:, 1:]
    found = ab_from_chroma(luma, chroma_from_ab(luma, ab, *weights), *weights)
    torch.testing.assert_close(found, ab, atol=0.5, rtol=0)


def test_colours_out_of_gamut_lose_chroma_and_keep_luma_and_hue() -> None:
    luma = torch.linspace(0, 1, 41)[None, None, None]
    ab = torch.tensor([60.0, -90.0])[None, :, None, None].expand(1, 2, 1, 41)
    chroma = chroma_from_ab(luma, ab, 0.299, 0.114)
    rgb = rgb_from_chroma(luma, chroma, 0.299, 0.114)
    assert rgb.min() > -1e-5
    assert rgb.max() < 1 + 1e-5
    torch.testing.assert_close(_luma(rgb, 0.299, 0.114), luma, atol=1e-5, rtol=0)
    assert chroma[..., [0, -1]].abs().max() < 1e-6
    assert (chroma[:, 0, 0, 1:-1] > 0).all()  # blue everywhere


@pytest.mark.parametrize("tones", [(0.0, 1.0), (0.0625, 0.92)])
def test_chroma_is_reduced_only_where_it_leaves_the_gamut(tones: tuple[float, float]) -> None:
    black, white = tones
    luma = torch.tensor([black, 0.5, 0.9, white, 1.0])[None, None]
    chroma = torch.tensor([0.3, -0.2])[:, None, None].expand(2, 1, 5)
    found = within_gamut(luma, chroma, 0.299, 0.114, tones=tones)
    assert torch.equal(found[..., 1], chroma[..., 1])
    rgb = rgb_from_chroma(luma, found, 0.299, 0.114)
    assert rgb[:, 0, 2].max() == pytest.approx(white, abs=1e-6)
    assert found[..., [0, 3, 4]].abs().max() < 1e-6
    assert found[0, 0, 2] / found[1, 0, 2] == pytest.approx(-1.5)


def test_neutral_has_no_chroma() -> None:
    chroma = chroma_from_ab(torch.rand((1, 1, 4, 4)), torch.zeros((1, 2, 4, 4)), 0.299, 0.114)
    assert chroma.abs().max() < 1e-5
