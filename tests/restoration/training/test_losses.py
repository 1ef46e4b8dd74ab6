"""The published losses: their values where these are known, and which way they pull."""

import math

import pytest
import torch

from reelfix.restoration.training.losses import answers_wrong, divergence, features_apart


def test_divergence_is_that_of_gaussians() -> None:
    mean, log_variance = torch.tensor([0.7]), torch.tensor([math.log(2.5)])
    normal = torch.distributions.Normal(mean, log_variance.mul(0.5).exp())
    truth = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0))
    assert torch.allclose(divergence(mean, log_variance), truth)
    assert divergence(torch.zeros(4), torch.zeros(4)) == 0.0
    # With the variance held at 1, half the mean square.
    assert divergence(torch.tensor([1.0, 3.0]), torch.zeros(2)) == pytest.approx(2.5)


def test_answers_are_wrong_by_their_squares_summed_over_scales() -> None:
    said = [[torch.zeros(1, 3, 4, 4), torch.full((1, 1, 2, 2), 0.25)], [torch.full((1, 1, 1, 1), 1.5)]]
    assert answers_wrong(said, 1.0) == pytest.approx(0.75**2 + 0.5**2)
    assert answers_wrong(said, 0.0) == pytest.approx(0.25**2 + 1.5**2)


def test_features_are_apart_by_four_times_the_mean_over_layers() -> None:
    real = [[torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 3), torch.zeros(1, 1, 2, 2)]]
    made = [[torch.full((1, 2, 3, 3), 0.5), torch.full((1, 2, 3, 3), -0.1), torch.full((1, 1, 2, 2), 9.0)]]
    assert features_apart(made, real) == pytest.approx(4 * (0.5 + 0.1) / 2)
    assert features_apart(made * 2, real * 2) == pytest.approx(4 * (0.5 + 0.1) / 2)


def test_features_pull_at_what_is_made_alone() -> None:
    made, real = (torch.ones(1, 1, 2, 2).mul(value).requires_grad_() for value in (1.0, 2.0))
    features_apart([[made, made]], [[real, real]]).backward()
    assert made.grad is not None
    assert made.grad.lt(0).all()
    assert real.grad is None
