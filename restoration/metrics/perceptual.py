"""LPIPS, the learned perceptual distance; needs lpips, of the `evaluate` extra, and AlexNet's weights."""

import warnings
from pathlib import Path

import lpips
import torch
from safetensors.torch import load_file


class Lpips:
    """Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018.

    With AlexNet, version 0.1.
    """

    def __init__(self, weights: Path) -> None:
        """Load AlexNet's convolutions from `weights`, a safetensors file with torchvision's names.

        The weights of the distance itself come with the package. Raises FileNotFoundError without the file,
        ValueError where its tensors are not those of the net.
        """
        if not weights.exists():
            raise FileNotFoundError(f"{weights} is not there. Name the file of AlexNet's weights.")
        with warnings.catch_warnings():
            # lpips asks torchvision for its net in the way of older versions.
            warnings.filterwarnings("ignore", category=UserWarning, module="torchvision")
            self._net = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
        tensors = load_file(weights)
        wanted = dict(self._net.net.named_parameters())
        # slice1.0.weight of the package is features.0.weight: the same numbers behind the slices.
        named = {f"features.{name.split('.', 1)[1]}": parameter for name, parameter in wanted.items()}
        if set(named) != {name for name in tensors if name.startswith("features.")}:
            raise ValueError(f"{weights} has {sorted(tensors)[:3]}...; these must be {sorted(named)[:3]}...")
        with torch.no_grad():
            for name, parameter in named.items():
                parameter.copy_(tensors[name].float())

    @torch.no_grad()
    def __call__(self, clip: torch.Tensor, truth: torch.Tensor, *, every: int = 1) -> float:
        """Mean distance of every `every`th frame, (T, C, H, W) in [0, 1], C = 1 or 3; 0 where equal."""
        if clip.shape != truth.shape:
            raise ValueError(f"{tuple(clip.shape) = } must equal {tuple(truth.shape) = }.")
        distances = [
            float(self._net(_for_net(clip[index : index + 1]), _for_net(truth[index : index + 1])))
            for index in range(0, len(clip), every)
        ]
        return sum(distances) / len(distances)


def _for_net(frame: torch.Tensor) -> torch.Tensor:
    """(1, C, H, W) in [0, 1] to (1, 3, H, W) in [-1, 1]."""
    return frame.expand(-1, 3, -1, -1).cpu().float() * 2 - 1
