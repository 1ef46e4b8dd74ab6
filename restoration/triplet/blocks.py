"""Building blocks of the compact nets."""

import torch
from torch import nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a rectifier between, added to what came in; no normalisation.

    Normalisation would tie a place's tone to the rest of the picture's, and tiles to their neighbours.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            # A stack of blocks begins near the identity.
            self.second.weight.mul_(0.1)
            if self.second.bias is not None:
                self.second.bias.zero_()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to (B, C, h, w)."""
        changed: torch.Tensor = self.second(functional.relu(self.first(features)))
        return features + changed


def residual_blocks(channels: int, count: int) -> nn.Sequential:
    """Return `count` residual blocks, one after the other."""
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(count)))


def begin_at(layer: nn.Conv2d, matrix: torch.Tensor, rest: float) -> None:
    """Set what a convolution begins with: `matrix` (out, in) in its middle, `rest` times its weights about.

    A smaller matrix sets the first channels alone. The bias begins at 0. To be called without gradients.
    """
    layer.weight.mul_(rest)
    rows, columns = matrix.shape
    middle = layer.kernel_size[0] // 2
    layer.weight[:rows, :columns, middle, middle] += matrix
    if layer.bias is not None:
        layer.bias.zero_()


def padded(picture: torch.Tensor, multiple: int) -> torch.Tensor:
    """Repeat the last row and column of (B, C, H, W) until both sizes are multiples of `multiple`."""
    height, width = picture.shape[-2:]
    down, right = -height % multiple, -width % multiple
    if not down and not right:
        return picture
    return functional.pad(picture, (0, right, 0, down), mode="replicate")
