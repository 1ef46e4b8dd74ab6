"""Building blocks of the published nets: convolutions with reflected rims, instance norm, residual blocks."""

import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    """Conv 3x3, instance norm, rectifier, conv 3x3, instance norm, added to what came in; rims reflected."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.second = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to (B, C, h, w); h and w are at least 2."""
        return features + F.instance_norm(self.second(norm_relu(self.first(features))))


def residual_blocks(channels: int, count: int) -> nn.Sequential:
    """Return `count` residual blocks, one after the other."""
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(count)))


def norm_relu(features: torch.Tensor) -> torch.Tensor:
    """Instance norm without weights of its own, then a rectifier; (B, C, h, w), h w > 1."""
    return F.relu(F.instance_norm(features))


@torch.no_grad()
def published_start(net: nn.Module) -> None:
    """Draw the weights of all convolutions from N(0, 0.02), as the authors begin; biases stay as they are."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.weight.normal_(0.0, 0.02)


def padded(picture: torch.Tensor, multiple: int, least: int) -> torch.Tensor:
    """Repeat the last row and column of (B, C, H, W) up to multiples of `multiple`, and `least` at least."""
    height, width = picture.shape[-2:]
    down, right = (max(least, -(-size // multiple) * multiple) - size for size in (height, width))
    return F.pad(picture, (0, right, 0, down), mode="replicate") if down or right else picture
