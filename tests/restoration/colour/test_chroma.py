import pytest
import torch

from reelfix.restoration.colour.chroma import ab_from_chroma, chroma_from_ab, rgb_from_chroma
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


def test_neutral_has_no_chroma() -> None:
    chroma = chroma_from_ab(torch.rand((1, 1, 4, 4)), torch.zeros((1, 2, 4, 4)), 0.299, 0.114)
    assert chroma.abs().max() < 1e-5
