"""The published autoencoder: an encoder to latents and the generator that mirrors it."""

from dataclasses import dataclass

import torch
from torch import nn

from reelfix.restoration.triplet.paper_blocks import norm_relu, published_start, residual_blocks

CELL = 4
"""Pixels along a side for each latent."""
LEAST = 2 * CELL
"""Pixels along a side that the nets need: rims of latents are reflected."""


@dataclass(frozen=True)
class VaeShape:
    """Sizes of an autoencoder; the defaults are the published ones."""

    channels: int = 3
    """Of pictures: 3 or 1."""
    latent: int = 64
    """Of latents, and of every layer."""
    blocks: int = 4
    """Residual blocks, in the encoder and in the generator."""
    learned_variance: bool = False
    """Whether the encoder tells the latents' variance; the authors' is 1 everywhere (after MUNIT)."""


class Encoder(nn.Module):
    """Pictures to latents: conv 7x7, conv 4x4/2, conv 4x4/2, residual blocks."""

    def __init__(self, shape: VaeShape) -> None:
        super().__init__()
        width = shape.latent
        self.stem = nn.Conv2d(shape.channels, width, 7, padding=3, padding_mode="reflect")
        self.to_half = nn.Conv2d(width, width, 4, stride=2, padding=1)
        self.to_quarter = nn.Conv2d(width, width, 4, stride=2, padding=1)
        self.body = residual_blocks(width, shape.blocks)
        published_start(self)
        self.log_variance = nn.Conv2d(width, width, 1) if shape.learned_variance else None

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Return the mean of the latents, (B, latent, H / 4, W / 4), of (B, C, H, W) in [0, 1].

        H and W are multiples of CELL, and LEAST at least.
        """
        features = norm_relu(self.stem(2.0 * picture - 1.0))
        features = norm_relu(self.to_quarter(norm_relu(self.to_half(features))))
        mean: torch.Tensor = self.body(features)
        return mean

    def distribution(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and logarithm of the variance of the latents, (B, latent, H / 4, W / 4) each."""
        mean = self(picture)
        if self.log_variance is None:
            return mean, torch.zeros_like(mean)
        return mean, self.log_variance(mean).clamp(-12.0, 4.0)


class Generator(nn.Module):
    """Latents to pictures: residual blocks, deconv 4x4/2, deconv 4x4/2, conv 7x7."""

    def __init__(self, shape: VaeShape) -> None:
        super().__init__()
        width = shape.latent
        self.body = residual_blocks(width, shape.blocks)
        self.to_half = nn.ConvTranspose2d(width, width, 4, stride=2, padding=1)
        self.to_whole = nn.ConvTranspose2d(width, width, 4, stride=2, padding=1)
        self.out = nn.Conv2d(width, shape.channels, 7, padding=3, padding_mode="reflect")
        published_start(self)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """Return pictures (B, C, 4 h, 4 w) in [0, 1], float32, of latents (B, latent, h, w)."""
        features = norm_relu(self.to_half(self.body(latent)))
        features = norm_relu(self.to_whole(features))
        return 0.5 + 0.5 * torch.tanh(self.out(features).float())


def drawn(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Draw latents from their distribution, by torch's global generator; shapes (B, latent, h, w)."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
