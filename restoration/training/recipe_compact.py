"""Recipes of `triplet-compact`'s two domains; the mapping between them: `recipe_compact_mapping`."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from reelfix.restoration.training.recipe import Batch, Source
from reelfix.restoration.training.steps import decibels, descend, told, validation_batches
from reelfix.restoration.triplet.compact import CompactShape, Decoder, Encoder

_LARGEST = 1.0
"""Norm that gradients are clipped to."""


@dataclass(frozen=True)
class DomainWeights:
    """What a domain's autoencoder is asked for."""

    kl: float = 1e-5
    """Of the divergence from a standard normal, per latent value; more costs detail."""
    reconstruction: float = 10.0
    """Of the mean absolute error."""
    latent_adversarial: float = 0.02
    """Of the least-squares loss that makes latents of real and of synthetic damage alike (domain A)."""
    anchor: float = 1.0
    """Of the distance of domain B's latents of clean pictures from domain A's of the same."""


class LatentDiscriminator(nn.Module):
    """Tells latents of real damage from those of synthetic damage, patch by patch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 64, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 64, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 64, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 1, 3, padding=1),
        )

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, 1, h / 4, w / 4): near 1 where real, near 0 where synthetic."""
        result: torch.Tensor = self.layers(latent)
        return result


class CompactDomainA:
    """Domain A: one autoencoder for real old pictures and for synthetically damaged ones.

    `source` gives `damaged` and `frame` (see `PreparedSource`), `real` gives `real` (B, 1, h, w) in [0, 1].
    """

    name = "compact-domain-a"
    shipped = ("encoder", "decoder_a")

    def __init__(
        self,
        validation: Source,
        shape: CompactShape | None = None,
        weights: DomainWeights | None = None,
        *,
        rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
    ) -> None:
        shape = shape or CompactShape()
        self._encoder, self._decoder = Encoder(shape), Decoder(shape)
        self._critic = LatentDiscriminator(shape.latent)
        self._weights = weights or DomainWeights()
        self._validation = validation
        self.modules: Mapping[str, nn.Module] = {
            "encoder": self._encoder,
            "decoder_a": self._decoder,
            "critic": self._critic,
        }
        own = [*self._encoder.parameters(), *self._decoder.parameters()]
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "nets": torch.optim.Adam(own, rate, betas),
            "critic": torch.optim.Adam(self._critic.parameters(), rate, betas),
        }

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step: half of the synthetic pictures as they were damaged, half as they were filled."""
        synthetic, real = batch["damaged"], batch["real"]
        half = len(synthetic) // 2
        synthetic = torch.cat([synthetic[:half], batch["frame"][half:]])
        pictures = torch.cat([synthetic, real])
        mean, log_variance = self._encoder.distribution(pictures)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        error = (self._decoder(latent) - pictures).abs().mean()
        divergence = _divergence(mean, log_variance)
        seen = self._critic(mean)
        fooled = (seen[: len(synthetic)] - 1).square().mean()
        weights = self._weights
        loss = weights.reconstruction * error + weights.kl * divergence + weights.latent_adversarial * fooled
        descend(self.optimizers["nets"], loss, largest=_LARGEST)
        seen = self._critic(mean.detach())
        judged = seen[: len(synthetic)].square().mean() + (seen[len(synthetic) :] - 1).square().mean()
        descend(self.optimizers["critic"], judged, largest=_LARGEST)
        return told(l1=error, kl=divergence, fooled=fooled, critic=judged)

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure how well damaged pictures come back, in dB."""
        return {
            "psnr": _reconstruction(modules["encoder"], modules["decoder_a"], self._validation, "damaged")
        }

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw damaged pictures above what came back of them."""
        return _reconstructed(modules["encoder"], modules["decoder_a"], self._validation, "damaged")


class CompactDomainB:
    """Domain B: an autoencoder for clean pictures, begun from domain A's and held to its latents.

    So that a way from a latent of A to one of B is short, and stays among latents that B's decoder knows.
    """

    name = "compact-domain-b"
    shipped = ("encoder_b", "decoder")

    def __init__(
        self,
        validation: Source,
        domain_a: Mapping[str, Mapping[str, torch.Tensor]],
        shape: CompactShape | None = None,
        weights: DomainWeights | None = None,
        *,
        rate: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
    ) -> None:
        shape = shape or CompactShape()
        self._encoder, self._decoder, self._anchor = Encoder(shape), Decoder(shape), Encoder(shape)
        self._encoder.load_state_dict(domain_a["encoder"])
        self._anchor.load_state_dict(domain_a["encoder"])
        self._anchor.requires_grad_(False)
        self._decoder.load_state_dict(domain_a["decoder_a"])
        self._weights = weights or DomainWeights()
        self._validation = validation
        self.modules: Mapping[str, nn.Module] = {
            "encoder_b": self._encoder,
            "decoder": self._decoder,
            "anchor": self._anchor,
        }
        own = [*self._encoder.parameters(), *self._decoder.parameters()]
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {"nets": torch.optim.Adam(own, rate, betas)}

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step on clean pictures; the decoder also learns what it will start from, latents of A."""
        clean, frame = batch["clean"], batch["frame"]
        mean, log_variance = self._encoder.distribution(clean)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        with torch.no_grad():
            anchor, start = self._anchor(clean), self._anchor(frame)
        error = (self._decoder(latent) - clean).abs().mean()
        error_start = (self._decoder(start) - frame).abs().mean()
        divergence = _divergence(mean, log_variance)
        distance = (mean - anchor).abs().mean()
        weights = self._weights
        loss = (
            weights.reconstruction * (error + 0.5 * error_start)
            + weights.kl * divergence
            + weights.anchor * distance
        )
        descend(self.optimizers["nets"], loss, largest=_LARGEST)
        return told(l1=error, l1_a=error_start, kl=divergence, anchor=distance)

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure how well clean pictures come back, and damaged ones from domain A's latents, in dB."""
        return {
            "psnr": _reconstruction(modules["encoder_b"], modules["decoder"], self._validation, "clean"),
            "psnr_a": _reconstruction(modules["anchor"], modules["decoder"], self._validation, "frame"),
        }

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw clean pictures above what came back of them."""
        return _reconstructed(modules["encoder_b"], modules["decoder"], self._validation, "clean")


def _reconstruction(encoder: nn.Module, decoder: nn.Module, source: Source, name: str) -> float:
    squares = []
    for batch in validation_batches(source, encoder):
        squares.append(float((decoder(encoder(batch[name])) - batch[name]).square().mean()))
    return decibels(sum(squares) / len(squares))


def _reconstructed(encoder: nn.Module, decoder: nn.Module, source: Source, name: str) -> torch.Tensor:
    pictures = next(iter(validation_batches(source, encoder)))[name]
    both = torch.cat([pictures, decoder(encoder(pictures))], dim=2)  # Bx1x2HxW
    return torch.cat(list(both), dim=2).clamp(0, 1).cpu()


def _divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence from a standard normal, the mean over latent values."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
