"""What is said of a picture's colours as a whole."""

import torch

from reelfix.restoration.colour.bins import ab_bins
from reelfix.restoration.colour.colour_statistics import colour_statistics, shown_saturation
from reelfix.restoration.colour.lab import rgb_to_lab


def test_a_plain_picture_has_one_colour() -> None:
    rgb = torch.tensor([0.8, 0.4, 0.2]).view(1, 3, 1, 1).expand(1, 3, 9, 14)
    histogram, saturation = colour_statistics(rgb, ab_bins())
    assert histogram is not None
    assert saturation is not None
    assert torch.allclose(saturation, torch.tensor([0.75]))
    assert torch.allclose(histogram.sum(1), torch.ones(1))
    mean = histogram @ ab_bins()
    assert torch.allclose(mean[0], rgb_to_lab(rgb)[0, 1:, 0, 0], atol=2.0)
    assert (histogram > 0).sum() == 5


def test_halves_count_as_halves() -> None:
    rgb = torch.zeros(2, 3, 16, 16)
    rgb[0, 0, :, :8] = 1.0  # red beside black
    rgb[1] = 0.5
    histogram, saturation = colour_statistics(rgb, ab_bins())
    assert histogram is not None
    assert saturation is not None
    assert torch.allclose(saturation, torch.tensor([0.5, 0.0]))
    gray = (ab_bins().norm(dim=1) < 15).nonzero()[:, 0]
    assert histogram[1, gray].sum() > 0.999
    assert abs(float(histogram[0, gray].sum()) - 0.5) < 0.15


def test_a_saturation_as_shown_counts_the_darks_little() -> None:
    rgb = torch.zeros(2, 3, 8, 8)
    rgb[0, 0] = 0.02  # saturated, but all but black
    rgb[0, :, :4] = torch.tensor([0.5, 0.4, 0.4])[:, None, None]
    found = shown_saturation(rgb)
    assert torch.allclose(found, torch.tensor([0.06 * 2 / 0.52, 0.0]))
