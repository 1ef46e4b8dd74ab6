"""VGG16's convolutions, from a file."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

_STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
"""torchvision's numbers of the convolutions of each stage; a pooling lies between two stages."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Vgg16(nn.Module):
    """Convolutions of Simonyan and Zisserman, "Very Deep Convolutional Networks", 2015, configuration D."""

    _mean: torch.Tensor
    _deviation: torch.Tensor

    def __init__(self, weights: Path, pool: Callable[[torch.Tensor], torch.Tensor] | None = None) -> None:
        """Load `weights`, a safetensors file with torchvision's names; `pool`: instead of max pooling.

        Raises FileNotFoundError without the file, ValueError where a tensor is missing.
        """
        super().__init__()
        if not weights.exists():
            raise FileNotFoundError(f"{weights} is not there. Name the file of VGG16's convolutions.")
        tensors = load_file(weights)
        self._pool = pool or (lambda features: functional.max_pool2d(features, 2))
        self._stages = nn.ModuleList()
        for numbers in _STAGES:
            self._stages.append(nn.ModuleList(_convolution(weights, tensors, number) for number in numbers))
        self.register_buffer("_mean", torch.tensor(_MEAN).view(1, 3, 1, 1))
        self.register_buffer("_deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1))
        self.eval().requires_grad_(False)

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Take (N, C, H, W) in [0, 1], C = 1 or 3; give the five stages' last activations, after the ReLU."""
        features = (pictures.expand(-1, 3, -1, -1) - self._mean) / self._deviation
        found = []
        for index, stage in enumerate(self._stages):
            features = self._pool(features) if index else features
            for convolution in stage:  # type: ignore[attr-defined]
                features = functional.relu(convolution(features), inplace=True)
            found.append(features)
        return found


def _convolution(path: Path, tensors: dict[str, torch.Tensor], number: int) -> nn.Conv2d:
    try:
        weight, bias = (tensors[f"features.{number}.{part}"] for part in ("weight", "bias"))
    except KeyError as error:
        raise ValueError(f"{path} has no {error}; it must be a file of VGG16's convolutions.") from error
    convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
    convolution.load_state_dict({"weight": weight.float(), "bias": bias.float()})
    return convolution
