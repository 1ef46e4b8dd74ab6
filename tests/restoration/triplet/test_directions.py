"""Directions of damage, in latent spaces whose truth is known."""

import pytest
import torch

from reelfix.restoration.triplet.directions import Directions, fit_directions, shift

NAMES = ("noise", "blur", "fading")
CHANNELS = 12
Sample = tuple[torch.Tensor, dict[str, torch.Tensor]]


def _truth() -> torch.Tensor:
    """Directions (K, C) of length 2, by no means orthogonal."""
    truth = torch.randn(len(NAMES), CHANNELS, generator=torch.Generator().manual_seed(2))
    truth[1] += 0.5 * truth[0]
    return 2.0 * truth / truth.norm(dim=1, keepdim=True)


def _samples(count: int = 40, *, correlated: float = 0.0, lopsided: float = 1.0) -> list[Sample]:
    """Latents that move along the truth by their parameters, among much else, most in channel 0."""
    random = torch.Generator().manual_seed(3)
    samples = []
    for _ in range(count):
        parameters = torch.rand(16, len(NAMES), generator=random)
        parameters[:, 1] += correlated * parameters[:, 0]
        content = 0.3 * torch.randn(16, CHANNELS, generator=random)
        content[:, 0] *= lopsided
        latent = 5.0 + content + parameters @ _truth()
        places = latent[:, :, None, None] + 0.1 * torch.randn(16, CHANNELS, 3, 4, generator=random)
        samples.append((places, dict(zip(NAMES, parameters.T, strict=True))))
    return samples


@pytest.mark.parametrize("per_place", [False, True])
@pytest.mark.parametrize(("correlated", "lopsided"), [(0.0, 1.0), (0.8, 1.0), (0.0, 12.0)])
def test_the_true_directions_are_found(per_place: bool, correlated: float, lopsided: float) -> None:
    found = fit_directions(_samples(correlated=correlated, lopsided=lopsided), per_place=per_place)
    assert found.names == NAMES
    likeness = (found.vectors * _truth() / 2.0).sum(dim=1)
    assert likeness.min() > 0.93
    assert torch.allclose(found.vectors.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize("correlated", [0.0, 0.8])
def test_a_step_moves_its_own_parameter_and_leaves_the_others(correlated: float) -> None:
    samples = _samples(correlated=correlated)
    found = fit_directions(samples)
    latent, _ = samples[0]
    before = found.guess(latent)
    for index, name in enumerate(NAMES):
        moved = found.guess(shift(latent, found.of(name), found.length(name, 0.3))) - before
        wanted = torch.zeros(3)
        wanted[index] = 0.3
        assert torch.allclose(moved, wanted.expand_as(moved), atol=1e-4)


def test_parameters_are_guessed_without_leaning() -> None:
    samples = _samples()
    found = fit_directions(samples)
    guesses = torch.cat([found.guess(latent) for latent, _ in samples])
    for index, name in enumerate(NAMES):
        truth = torch.cat([parameters[name] for _, parameters in samples])
        both = torch.cov(torch.stack([truth, guesses[:, index]]))
        assert float(guesses[:, index].mean()) == pytest.approx(float(truth.mean()), abs=1e-3)
        assert float(both[0, 1] / both[0, 0]) == pytest.approx(1.0, abs=0.01)
        assert both[0, 1] > 0.7 * (both[0, 0] * both[1, 1]).sqrt()


def test_shifts_add_up_and_nothing_is_nothing() -> None:
    latent, direction = torch.randn(2, CHANNELS, 3, 3), torch.eye(CHANNELS)[4]
    assert shift(latent, direction, 0.0) is latent
    moved = shift(shift(latent, direction, 0.5), direction, 0.25) - latent
    assert torch.allclose(moved[:, 4], torch.full((2, 3, 3), 0.75), atol=1e-6)
    assert not moved[:, :4].any()
    with pytest.raises(ValueError, match=r"must be \(12,\)"):
        shift(latent, direction[:3], 1.0)


def test_what_cannot_be_fitted_is_refused() -> None:
    latent = torch.randn(4, CHANNELS, 2, 2)
    with pytest.raises(ValueError, match="2 samples"):
        fit_directions([])
    with pytest.raises(ValueError, match="blur is the same in all samples"):
        fit_directions([(latent, {"blur": torch.ones(4)})])
    with pytest.raises(ValueError, match="in the first sample"):
        fit_directions([(latent, {"blur": torch.rand(4)}), (latent, {"noise": torch.rand(4)})])
    with pytest.raises(KeyError, match="There are: a"):
        Directions(("a",), torch.eye(1), torch.eye(1), torch.zeros(1)).of("b")
