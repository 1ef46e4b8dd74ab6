import pytest
import torch

from reelfix.restoration.colour.film_colours import film_colours_of
from reelfix.restoration.colour.tint import Tint, with_tint

YELLOW = Tint(tuple((2.0, 0.3 * step) for step in range(0, 101, 5)), 1.0, 0.299, 0.114)


def rgb(luma: torch.Tensor, chroma: torch.Tensor) -> torch.Tensor:
    blue, red = luma + chroma[:, :1], luma + chroma[:, 1:]
    return torch.cat([red, (luma - 0.299 * red - 0.114 * blue) / 0.587, blue], dim=1)


@pytest.mark.parametrize("kind", ["none", "tint", "natural"])
def test_a_shots_colours_are_told_apart(kind: str) -> None:
    torch.manual_seed(0)
    small = torch.rand((4, 1, 6, 8))
    luma = torch.nn.functional.interpolate(small, (96, 128), mode="bilinear") * 0.7 + 0.15
    chroma = 0.002 * torch.randn((4, 2, 96, 128))
    if kind == "tint":
        chroma += with_tint(luma, YELLOW)
    elif kind == "natural":
        chroma += (
            torch.nn.functional.interpolate(torch.randn((4, 2, 6, 8)), (96, 128), mode="bilinear") * 0.08
        )
    found = film_colours_of(rgb(luma, chroma).clamp(0, 1))
    assert found.kind == kind
    assert (found.tint is not None) == (kind == "tint")
