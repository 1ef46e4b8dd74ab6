import pytest
import torch

from reelfix.restoration.colour.lab import lab_to_rgb, lightness, rgb_to_lab


def _pixel(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1.0, 1.0, 1.0), (100.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0), (53.24, 80.09, 67.20)),
        ((0.0, 1.0, 0.0), (87.73, -86.18, 83.18)),
        ((0.0, 0.0, 1.0), (32.30, 79.19, -107.86)),
    ],
)
def test_corners_of_the_gamut_are_where_the_tables_have_them(
    rgb: tuple[float, ...], lab: tuple[float, ...]
) -> None:
    torch.testing.assert_close(rgb_to_lab(_pixel(*rgb)), _pixel(*lab), atol=0.02, rtol=0)


def test_lab_and_back_is_the_picture() -> None:
    rgb = torch.rand((2, 3, 9, 7), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=2e-5, rtol=0)


def test_grays_have_no_colour_and_the_lightness_of_their_luma() -> None:
    luma = torch.linspace(0, 1, 101)[None, None]
    lab = rgb_to_lab(luma.expand(3, 1, 101))
    assert lab[1:].abs().max() < 2e-4
    torch.testing.assert_close(lightness(luma), lab[:1], atol=1e-4, rtol=0)


def test_colours_out_of_gamut_tell_so() -> None:
    rgb = lab_to_rgb(_pixel(50.0, 0.0, -120.0))
    assert rgb.max() > 1 or rgb.min() < 0
