"""Surfaces: what is said of one agrees, and ends at its edges."""

import pytest
import torch

from reelfix.restoration.colour.surfaces import agreed, quiet


def _halves(height: int = 64, width: int = 96) -> torch.Tensor:
    """Gray (1, 1, H, W), dark on the left and light on the right."""
    gray = torch.full((1, 1, height, width), 0.3)
    gray[..., width // 2 :] = 0.7
    return gray


def test_a_surface_agrees_and_its_neighbour_keeps_its_own() -> None:
    torch.manual_seed(0)
    features = torch.randn((1, 3, 16, 24))
    features[..., 12:] += 5
    found = agreed(features, _halves())
    assert found.shape == features.shape
    left, right = found[..., :12], found[..., 12:]
    assert left.std(dim=(2, 3)).max() < 0.2 * features[..., :12].std(dim=(2, 3)).min()
    torch.testing.assert_close(left.mean(), features[..., :12].mean(), atol=0.3, rtol=0)
    assert (right.mean() - left.mean()) > 4.5


def test_without_an_edge_the_same_would_mix() -> None:
    features = torch.zeros((1, 1, 16, 24))
    features[..., 12:] = 5
    found = agreed(features, torch.full((1, 1, 64, 96), 0.5))
    assert found[0, 0, 8, 12] - found[0, 0, 8, 11] < 0.5


def test_what_is_the_same_everywhere_stays() -> None:
    features = torch.randn((1, 4, 1, 1)).expand(1, 4, 8, 9)
    torch.testing.assert_close(agreed(features, torch.rand((1, 1, 32, 36))), features)


def test_grain_makes_no_edges() -> None:
    torch.manual_seed(0)
    clean = _halves()
    noisy = clean + 0.02 * torch.randn_like(clean)
    assert (quiet(noisy) - clean)[..., 4:40].std() < 0.6 * 0.02
    edge = quiet(clean)[0, 0, 32, 44:52]
    assert edge[-1] - edge[0] > 0.38
    assert (edge[4] - edge[3]) > 0.3
    features = torch.randn((1, 1, 16, 24))
    apart = (agreed(features, noisy) - agreed(features, clean))[..., :12].std()
    assert apart < 0.15 * features.std()


def test_reach_bounds_how_far_a_surface_agrees() -> None:
    features = torch.zeros((1, 1, 4, 64))
    features[..., 0] = 1
    gray = torch.full((1, 1, 16, 256), 0.5)
    assert agreed(features, gray, 4.0)[0, 0, 0, 32] < 0.1 * agreed(features, gray)[0, 0, 0, 32]


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="must be multiples"):
        agreed(torch.zeros((1, 1, 8, 8)), torch.zeros((1, 1, 30, 32)))
