"""What the published training asks for: divergence, adversaries, features that agree."""

import torch

from reelfix.restoration.training.discriminators import Responses


def divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL divergence of N(mean, exp(log_variance)) from N(0, 1), in nats a latent value; a scalar.

    The first term of equation (2) of Wan et al., CVPR 2020. With the variance held at 1, as in their code,
    it is half the mean square of the latents.
    """
    mean, log_variance = mean.float(), log_variance.float()
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()


def answers_wrong(said: Responses, truth: float) -> torch.Tensor:
    """Least-squares loss of a discriminator's answers against `truth`, 1 real, 0 made, summed over scales.

    LSGAN (Mao et al., ICCV 2017). For a generator that wants to be taken for real, `truth` is 1.
    """
    return torch.stack([(layers[-1].float() - truth).square().mean() for layers in said]).sum()


def features_apart(made: Responses, real: Responses) -> torch.Tensor:
    """Mean absolute distance of a discriminator's features, made against real; no gradient into the real.

    Feature matching of pix2pixHD (equation 3), with the weights of its code: the mean over scales of four
    times the mean over the layers, the answer not among them.
    """
    apart = [
        (4.0 / (len(wanted) - 1)) * (ours.float() - theirs.detach().float()).abs().mean() / len(made)
        for layers, wanted in zip(made, real, strict=True)
        for ours, theirs in zip(layers[:-1], wanted[:-1], strict=True)
    ]
    return torch.stack(apart).sum()
