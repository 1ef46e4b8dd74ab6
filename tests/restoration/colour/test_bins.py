import pytest
import torch

from reelfix.restoration.colour.bins import (
    BINS,
    GRID,
    ab_bins,
    annealed_mean,
    rebalancing,
    smoothed_prior,
    soft_encode,
)
from reelfix.restoration.colour.lab import rgb_to_lab


def _ab(seed: int = 3) -> torch.Tensor:
    rgb = torch.rand((1, 3, 16, 20), generator=torch.Generator().manual_seed(seed))
    return rgb_to_lab(rgb)[:, 1:]


def test_bins_are_313_points_of_the_grid_and_cover_the_gamut() -> None:
    bins = ab_bins()
    assert bins.shape == (BINS, 2)
    assert bins.unique(dim=0).shape == bins.shape
    assert (bins % GRID == 0).all()
    steps = torch.linspace(0, 1, 17)
    cube = torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij")).reshape(3, -1, 1)
    gamut = rgb_to_lab(cube)[1:, :, 0].T
    nearest = torch.cdist(gamut, bins).min(dim=1).values
    assert nearest.max() <= GRID / 2**0.5 + 1e-3  # no colour is further from a bin than a square's corner
    farthest = torch.cdist(bins, gamut).min(dim=1).values
    assert farthest.max() < 2 * GRID


def test_soft_encoding_takes_the_five_nearest_and_sums_to_one() -> None:
    ab, bins = _ab(), ab_bins()
    numbers, shares = soft_encode(ab, bins)
    assert numbers.shape == shares.shape == (1, 5, 16, 20)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(1, 16, 20))
    pixel = ab[0, :, 4, 7]
    distances = (bins - pixel).norm(dim=1)
    assert set(numbers[0, :, 4, 7].tolist()) == set(distances.topk(5, largest=False).indices.tolist())
    wanted = (-(distances[numbers[0, :, 4, 7]] ** 2) / 50).exp()
    torch.testing.assert_close(shares[0, :, 4, 7], wanted / wanted.sum())


def test_the_mean_of_what_was_encoded_is_the_colour() -> None:
    ab, bins = _ab(), ab_bins()
    numbers, shares = soft_encode(ab, bins)
    logits = torch.full((1, BINS, 16, 20), -1e4).scatter(1, numbers, shares.log())
    mean, spread = annealed_mean(logits, bins, temperature=1.0)
    assert (mean - ab).norm(dim=1).mean() < 3
    assert spread.max() < 15


def test_annealing_goes_from_the_mean_to_the_mode() -> None:
    bins = torch.tensor([[0.0, 0.0], [10.0, 0.0], [50.0, 20.0]])
    logits = torch.tensor([0.5, 0.1, 0.4]).log()[None, :, None, None]
    mean, wide = annealed_mean(logits, bins, temperature=1.0)
    torch.testing.assert_close(mean.flatten(), torch.tensor([21.0, 8.0]))
    mode, narrow = annealed_mean(logits, bins, temperature=0.01)
    torch.testing.assert_close(mode.flatten(), torch.zeros(2), atol=1e-3, rtol=0)
    assert narrow < 0.1 < 20 < wide
    with pytest.raises(ValueError, match="temperature"):
        annealed_mean(logits, bins, temperature=0.0)


def test_rare_colours_count_more_and_the_mean_over_the_prior_is_one() -> None:
    bins = ab_bins()
    counts = torch.exp(-bins.norm(dim=1) / 8)
    prior = smoothed_prior(counts, bins)
    torch.testing.assert_close(prior.sum(), torch.tensor(1.0, dtype=torch.float64))
    weights = rebalancing(prior, 0.5)
    torch.testing.assert_close((weights * prior).sum(), torch.tensor(1.0, dtype=torch.float64))
    gray, vivid = int(bins.norm(dim=1).argmin()), int(bins.norm(dim=1).argmax())
    assert weights[vivid] > 10 * weights[gray]
    assert rebalancing(prior, 0.5, power=0.5)[vivid] < weights[vivid]
    torch.testing.assert_close(rebalancing(prior, 0.5, power=0.0), torch.ones(BINS))
