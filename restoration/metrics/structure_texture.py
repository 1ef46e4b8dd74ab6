"""DISTS, deep structure and texture similarity; needs DISTS-pytorch (its weights alone) and VGG16's."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from reelfix.restoration.metrics.vgg import Vgg16

_CHANNELS = (3, 64, 128, 256, 512, 512)
_C1 = _C2 = 1e-6
_PACKAGE = "DISTS_pytorch"


class Dists:
    """Ding et al., "Image Quality Assessment: Unifying Structure and Texture Similarity", 2020.

    The authors' net and weights: VGG16 with L2 pooling, compared by the global means (texture) and
    covariances (structure) of each feature map, and of the picture itself; 0 where equal, less is better.
    """

    def __init__(self, vgg: Path, weights: Path | None = None) -> None:
        """Load VGG16 from `vgg`, and alpha and beta from `weights` (by default the package's).

        Raises FileNotFoundError without a file, ModuleNotFoundError without the package, ValueError where a
        file has other tensors.
        """
        self._net = Vgg16(vgg, pool=_l2_pool)
        path = weights or _packaged()
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there. Name the file of DISTS's alpha and beta.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the file is of an older torch
            tensors = torch.load(path, map_location="cpu", weights_only=True)
        if {name: tuple(tensors[name].shape) for name in tensors} != dict.fromkeys(
            ("alpha", "beta"), (1, sum(_CHANNELS), 1, 1)
        ):
            raise ValueError(f"{path} has {sorted(tensors)}; it must be DISTS's alpha and beta.")
        total = tensors["alpha"].sum() + tensors["beta"].sum()
        self._texture = (tensors["alpha"] / total).detach().flatten().split(_CHANNELS)
        self._structure = (tensors["beta"] / total).detach().flatten().split(_CHANNELS)

    @torch.no_grad()
    def __call__(self, picture: torch.Tensor, truth: torch.Tensor) -> float:
        """Compare (C, H, W) with (C, H, W), in [0, 1], C = 1 or 3, at least 16 x 16."""
        if picture.shape != truth.shape:
            raise ValueError(f"{tuple(picture.shape) = } must equal {tuple(truth.shape) = }.")
        pair = torch.stack([picture, truth]).cpu().float().expand(-1, 3, -1, -1)
        score = 0.0
        for features, texture, structure in zip(
            (pair, *self._net(pair)), self._texture, self._structure, strict=True
        ):
            x, y = features.flatten(2).double()  # each Cx(H*W)
            mean_x, mean_y = x.mean(1), y.mean(1)
            variances = x.var(1, correction=0) + y.var(1, correction=0)
            covariance = (x * y).mean(1) - mean_x * mean_y
            likeness = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
            score += float((texture * likeness).sum())
            score += float((structure * (2 * covariance + _C2) / (variances + _C2)).sum())
        return max(0.0, 1 - score)


def _packaged() -> Path:
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    return Path(found.origin).with_name("weights.pt")


def _l2_pool(features: torch.Tensor) -> torch.Tensor:
    """Halve (N, C, H, W): root of the squares' mean under a Hanning window, against aliasing (eq. 3)."""
    window = torch.from_numpy(np.hanning(5)[1:-1]).to(features)
    kernel = torch.outer(window, window)
    kernel = (kernel / kernel.sum()).expand(features.shape[1], 1, 3, 3)
    pooled = functional.conv2d(features * features, kernel, stride=2, padding=1, groups=features.shape[1])
    return (pooled + 1e-12).sqrt()
