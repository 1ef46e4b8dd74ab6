"""The autoencoders of `triplet-compact`: gray pictures to latents at a quarter of the size, and back."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.triplet.blocks import begin_at, residual_blocks

CELL = 4
"""Pixels along a side for each latent."""
_SPREAD = 4.0
"""Gain of the first latents over pixels, which brings them near unit variance."""


@dataclass(frozen=True)
class CompactShape:
    """Sizes of the nets."""

    latent: int = 64
    encoder_blocks: int = 1
    decoder_blocks: int = 1
    width: int = 96
    """Channels of the mapping at a quarter of the size."""
    blocks: int = 4
    """Residual blocks there, half before the coarser scales and half after."""
    coarse: int = 128
    """Channels at an eighth and a sixteenth."""
    coarse_blocks: int = 2


def _turn(channels: int) -> torch.Tensor:
    """Return an orthogonal matrix (channels, CELL * CELL), always the same."""
    generator = torch.Generator().manual_seed(0)
    return nn.init.orthogonal_(torch.empty(channels, CELL * CELL), generator=generator)


class Encoder(nn.Module):
    """Gray pictures to latents."""

    def __init__(self, shape: CompactShape) -> None:
        super().__init__()
        channels = shape.latent
        self.stem = nn.Conv2d(CELL * CELL, channels, 3, padding=1)
        self.body = residual_blocks(channels, shape.encoder_blocks)
        self.mean = nn.Conv2d(channels, channels, 1)
        self.log_variance = nn.Conv2d(channels, channels, 1)
        # Training begins with latents that are the cell's pixels, turned, and that are sure of them.
        nn.init.zeros_(self.log_variance.weight)
        nn.init.constant_(self.log_variance.bias, -5.0)  # type: ignore[arg-type]
        with torch.no_grad():
            begin_at(self.stem, _SPREAD * _turn(channels), 0.1)
            begin_at(self.mean, torch.eye(channels), 0.0)

    def features(self, picture: torch.Tensor) -> torch.Tensor:
        """(B, 1, H, W) in [0, 1] to (B, latent, H / 4, W / 4)."""
        result: torch.Tensor = self.body(self.stem(functional.pixel_unshuffle(picture - 0.5, CELL)))
        return result

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Return the most likely latents (B, latent, H / 4, W / 4) of (B, 1, H, W) in [0, 1]."""
        mean: torch.Tensor = self.mean(self.features(picture))
        return mean

    def distribution(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and logarithm of the variance of the latents, each (B, latent, H / 4, W / 4)."""
        features = self.features(picture)
        return self.mean(features), self.log_variance(features).clamp(-12, 4)


class Decoder(nn.Module):
    """Latents to gray pictures."""

    def __init__(self, shape: CompactShape) -> None:
        super().__init__()
        channels = shape.latent
        self.stem = nn.Conv2d(channels, channels, 3, padding=1)
        self.body = residual_blocks(channels, shape.decoder_blocks)
        self.to_half = nn.Conv2d(channels, 64, 3, padding=1)
        # At half size, so that no net of 4x4 cells shows in flat places.
        self.at_half = nn.Conv2d(16, 32, 3, padding=1)
        self.out = nn.Conv2d(32, 4, 3, padding=1)
        with torch.no_grad():
            # What `Encoder` begins with, undone; each pixel of a half-size cell as two rectified halves.
            pixels = (_turn(channels).T / _SPREAD).view(
                2, 2, 2, 2, channels
            )  # rows and columns, coarse then fine
            places = pixels.permute(1, 3, 0, 2, 4).reshape(CELL * CELL, channels)
            begin_at(self.stem, torch.eye(channels), 0.1)
            begin_at(self.to_half, places, 0.1)
            begin_at(self.at_half, torch.cat([torch.eye(4), -torch.eye(4)]), 0.1)
            begin_at(self.out, torch.cat([torch.eye(4), -torch.eye(4)], dim=1), 0.0)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """(B, latent, h, w) to (B, 1, 4 h, 4 w), about [0, 1]; in the precision of float32."""
        features = functional.pixel_shuffle(self.to_half(self.body(self.stem(latent))), 2)
        return functional.pixel_shuffle(self.out(functional.relu(self.at_half(features))), 2).float() + 0.5
