"""Recipes of the two published autoencoders: domain A, of damaged pictures, and domain B, of clean ones."""

from collections.abc import Mapping

import torch
from torch import nn

from reelfix.restoration.training.losses import answers_wrong, divergence, features_apart
from reelfix.restoration.training.losses_perceptual import PerceptualLoss
from reelfix.restoration.training.recipe import Batch, Source
from reelfix.restoration.training.recipe_paper_settings import (
    WITHOUT_VGG,
    PaperDomainSettings,
)
from reelfix.restoration.training.steps import decibels, descend, side_by_side, to_device, told
from reelfix.restoration.triplet.paper import painted
from reelfix.restoration.triplet.paper_vae import Encoder, Generator, drawn

_VALIDATION_BATCHES = 8


class PaperDomain:
    """An autoencoder of some pictures, with an adversary; what both domains have in common.

    Losses: L1, KL and an adversary, as equation (2) of Wan et al., CVPR 2020, has them, and features that
    agree, as the authors' code adds.
    """

    def __init__(
        self,
        name: str,
        shipped: tuple[str, str],
        validation: Source,
        validated: str,
        settings: PaperDomainSettings,
        perceptual: PerceptualLoss | None,
    ) -> None:
        """Make the nets; `shipped` names encoder and generator, `validated` the pictures measured on."""
        self.name, self.shipped = name, shipped
        self.settings = settings
        self.notices: tuple[str, ...] = (
            () if perceptual or not settings.weights.perceptual else (WITHOUT_VGG,)
        )
        self._validation, self._validated, self._perceptual = validation, validated, perceptual
        self.encoder, self.generator = Encoder(settings.vae.shape), Generator(settings.vae.shape)
        self.critic = settings.critic.over(settings.vae.channels)
        self.modules: Mapping[str, nn.Module] = {
            shipped[0]: self.encoder,
            shipped[1]: self.generator,
            "critic": self.critic,
        }
        own = [*self.encoder.parameters(), *self.generator.parameters()]
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "nets": settings.adam.over(own),
            "critic": settings.adam.over(self.critic.parameters()),
        }

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure how well pictures come back from the mean of their latents: mean absolute error, and dB."""
        absolute, square = [], []
        for index in range(_VALIDATION_BATCHES):
            picture, returned = self._returned(modules, index)
            absolute.append(float((returned - picture).abs().mean()))
            square.append(float((returned - picture).square().mean()))
        mean_square = max(sum(square) / len(square), 1e-10)
        psnr = decibels(mean_square)
        return {"l1": sum(absolute) / len(absolute), "psnr": psnr}

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw pictures beside what came back of them."""
        return side_by_side(*self._returned(modules, 0))

    def _returned(self, modules: Mapping[str, nn.Module], index: int) -> tuple[torch.Tensor, torch.Tensor]:
        encoder, generator = (modules[name] for name in self.shipped)
        picture = to_device(self._validation.batch(index), encoder)[self._validated]
        return picture, generator(encoder(picture))

    def _descend(
        self, picture: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor, more: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Take a step of the autoencoder, with `more` on its loss, and one of its adversary."""
        weights = self.settings.weights
        made = self.generator(drawn(mean, log_variance))
        self.critic.requires_grad_(False)
        with torch.no_grad():
            said_real = self.critic(picture)
        said_made = self.critic(made)
        losses = {
            "l1": 2.0 * (made - picture).abs().mean(),  # as of pictures in [-1, 1]
            "kl": divergence(mean, log_variance),
            "adversarial": answers_wrong(said_made, 1.0),
            "features": features_apart(said_made, said_real),
        }
        if self._perceptual is not None and weights.perceptual:
            losses["perceptual"] = self._perceptual.to(picture.device)(made, picture)
        total = sum((getattr(weights, name) * loss for name, loss in losses.items()), start=more)
        descend(self.optimizers["nets"], total)
        self.critic.requires_grad_(True)
        apart = answers_wrong(self.critic(made.detach()), 0.0) + answers_wrong(self.critic(picture), 1.0)
        descend(self.optimizers["critic"], 0.5 * apart)
        return told(**losses, critic=0.5 * apart)


class PaperDomainA(PaperDomain):
    """One autoencoder for real old pictures, R, and for synthetically damaged ones, X.

    A batch has `damaged` and `real` (B, C, H, W) in [0, 1], and `mask` (B, 1, H, W), the damaged ones' marks.
    Every other damaged picture is painted where it has marks, as the mapping will get them. A second
    adversary tells the latents of R from those of X, the encoder makes R's be taken for X's: equation (3).
    """

    def __init__(
        self,
        validation: Source,
        settings: PaperDomainSettings | None = None,
        perceptual: PerceptualLoss | None = None,
    ) -> None:
        settings = settings or PaperDomainSettings()
        shipped = ("encoder", "generator_a")
        super().__init__("paper-domain-a", shipped, validation, "damaged", settings, perceptual)
        self.latent_critic = settings.latent_critic.over(settings.vae.latent)
        self.modules = {**self.modules, "latent_critic": self.latent_critic}
        self.optimizers = {
            **self.optimizers,
            "latent_critic": settings.adam.over(self.latent_critic.parameters()),
        }

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step of the autoencoder, of its adversary, and of the latents' adversary."""
        damaged, real = batch["damaged"], batch["real"]
        every_other = torch.arange(len(damaged), device=damaged.device) % 2 == 1
        hidden = batch["mask"] * every_other[:, None, None, None]
        picture = torch.cat([painted(damaged, hidden), real])
        mean, log_variance = self.encoder.distribution(picture)
        of_synthetic, of_real = mean[: len(damaged)], mean[len(damaged) :]
        self.latent_critic.requires_grad_(False)
        fooled = answers_wrong(self.latent_critic(of_real), 1.0)
        losses = self._descend(picture, mean, log_variance, self.settings.weights.latent * fooled)
        self.latent_critic.requires_grad_(True)
        apart = answers_wrong(self.latent_critic(of_real.detach()), 0.0)
        apart = apart + answers_wrong(self.latent_critic(of_synthetic.detach()), 1.0)
        descend(self.optimizers["latent_critic"], 0.5 * apart)
        return losses | told(latent=fooled, latent_critic=0.5 * apart)


class PaperDomainB(PaperDomain):
    """The autoencoder of clean pictures, Y. A batch has `clean` (B, C, H, W) in [0, 1]."""

    def __init__(
        self,
        validation: Source,
        settings: PaperDomainSettings | None = None,
        perceptual: PerceptualLoss | None = None,
    ) -> None:
        shipped = ("encoder_b", "generator")
        settings = settings or PaperDomainSettings()
        super().__init__("paper-domain-b", shipped, validation, "clean", settings, perceptual)

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step of the autoencoder, and of its adversary."""
        picture = batch["clean"]
        mean, log_variance = self.encoder.distribution(picture)
        return self._descend(picture, mean, log_variance, torch.zeros((), device=mean.device))
