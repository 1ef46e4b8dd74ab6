"""Patch discriminators at several scales, as in pix2pixHD (Wang et al., CVPR 2018)."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

Responses = list[list[torch.Tensor]]
"""For each scale, finest first, what every layer says: features (B, C, h, w), and last (B, 1, h, w)."""


class PatchDiscriminator(nn.Module):
    """Convolutions 4x4, stride 2 but for the last two, instance norm between; one answer a patch.

    With 3 strided layers a patch is 70 pixels wide. `spectral`: every convolution by its spectral norm, as
    the authors train their mapping.
    """

    def __init__(self, channels: int, width: int = 64, strided: int = 3, *, spectral: bool = False) -> None:
        super().__init__()
        widths = [min(width * 2**index, 512) for index in range(strided + 1)]
        sizes = [channels, *widths, 1]
        strides = [2] * strided + [1, 1]
        layers = []
        for (inner, outer), stride in zip(pairwise(sizes), strides, strict=True):
            layer: nn.Module = nn.Conv2d(inner, outer, 4, stride, padding=2)
            nn.init.normal_(layer.weight, 0.0, 0.02)  # type: ignore[arg-type]
            layers.append(spectral_norm(layer) if spectral else layer)
        self.layers = nn.ModuleList(layers)

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        """Return what each layer says of (B, C, H, W); the last is the answer, near 1 where real."""
        said = [picture]
        last = len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            features = layer(said[-1])
            if 0 < index < last:
                features = F.instance_norm(features)
            said.append(features if index == last else F.leaky_relu(features, 0.2))
        return said[1:]


class MultiScaleDiscriminator(nn.Module):
    """Patch discriminators, each on a picture of half the size of the one before."""

    def __init__(
        self, channels: int, scales: int = 2, width: int = 64, strided: int = 3, *, spectral: bool = False
    ) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            PatchDiscriminator(channels, width, strided, spectral=spectral) for _ in range(scales)
        )

    def forward(self, picture: torch.Tensor) -> Responses:
        """Return what every layer of every scale says of (B, C, H, W)."""
        said: Responses = []
        for index, scale in enumerate(self.scales):
            if index:
                picture = F.avg_pool2d(picture, 3, stride=2, padding=1, count_include_pad=False)
            said.append(scale(picture))
        return said
