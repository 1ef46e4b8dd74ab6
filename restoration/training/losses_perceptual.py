"""The perceptual loss, on features of VGG16."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

VARIABLE = "REELFIX_VGG16"
"""Environment variable that names the file of VGG16's weights, where no option does."""

_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512,))
_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)  # of the first layer of each of the five parts
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def vgg16_file(option: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file of VGG16's weights that an option or else the environment names; None: neither does.

    Raises FileNotFoundError where one is named that is not there.
    """
    path = option or (Path(environment[VARIABLE]) if environment.get(VARIABLE) else None)
    if path is not None and not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there. Name the file of VGG16's weights with --set weights.vgg16=FILE or in "
            f"{VARIABLE}, or leave both away, to train without the perceptual loss."
        )
    return path


class PerceptualLoss(nn.Module):
    """Distance of pictures as VGG16 sees them (Johnson et al., ECCV 2016): weighted L1 of five layers.

    The first rectified layer of each of its five parts, with pix2pixHD's weights, 1/32 to 1. The authors of
    the paper take VGG19, which is the same but for one more layer in each part behind the second.
    """

    def __init__(self, weights: Path) -> None:
        """Load the convolutions from `weights`, safetensors with torchvision's names `features.N.weight`.

        Raises ValueError where its tensors are not those of the net.
        """
        super().__init__()
        tensors = load_file(weights)
        self.parts = nn.ModuleList()
        channels, place = 3, 0
        for widths in _WIDTHS:
            part = nn.ModuleList()
            for width in widths:
                layer = nn.Conv2d(channels, width, 3, padding=1)
                _fill(layer, tensors, f"features.{place}", weights)
                part.append(layer)
                channels, place = width, place + 2  # a rectifier follows each
            self.parts.append(part)
            place += 1  # and a pooling each part
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None], persistent=False)
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.requires_grad_(False)

    def forward(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Return the distance of pictures (B, 1 or 3, H, W) in [0, 1], a scalar; H and W are 16 at least."""
        distances = [
            weight * F.l1_loss(ours.float(), theirs.float())
            for weight, ours, theirs in zip(
                _WEIGHTS, self.features(made), self.features(real.detach()), strict=True
            )
        ]
        return torch.stack(distances).sum()

    def features(self, picture: torch.Tensor) -> list[torch.Tensor]:
        """Return the five layers' features of (B, 1 or 3, H, W) in [0, 1]."""
        features = (picture.expand(-1, 3, -1, -1) - self.mean) / self.deviation
        seen = []
        for index, part in enumerate(self.parts):
            assert isinstance(part, nn.ModuleList)
            if index:
                features = F.max_pool2d(features, 2)
            first, *others = part
            features = F.relu(first(features))
            seen.append(features)
            for layer in others:
                features = F.relu(layer(features))
        return seen


def _fill(layer: nn.Conv2d, tensors: Mapping[str, torch.Tensor], name: str, where: Path) -> None:
    """Copy a convolution's weights."""
    for kind, parameter in layer.named_parameters():
        found = tensors.get(f"{name}.{kind}")
        if found is None or found.shape != parameter.shape:
            shape = None if found is None else tuple(found.shape)
            raise ValueError(f"{where}: {name}.{kind} is {shape}; VGG16's is {tuple(parameter.shape)}.")
        parameter.data.copy_(found.float())
