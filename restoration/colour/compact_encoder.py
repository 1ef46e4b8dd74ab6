"""The encoder of `colour-compact`: an EfficientNet-Lite without its head, its normalization folded in.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (ICML 2019), in the
variants Lite0 and Lite2: no squeeze-and-excitation, ReLU6.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import nn
from torch.nn import functional

MULTIPLE: Final = 32
"""Heights and widths that the encoder takes are multiples of this."""
WIDTHS: Final = (16, 24, 48, 88, 120, 208, 352)
"""Of Lite2's stages."""
DEPTHS: Final = (1, 3, 3, 4, 4, 5, 1)
"""Blocks of them."""
STEM: Final = 32
STRIDES: Final = (2, 4, 8, 16, 16, 32, 32)
"""Of the stages' outputs, in pixels."""

_KERNELS: Final = (3, 3, 5, 3, 5, 5, 3)
_STEPS: Final = (1, 2, 2, 2, 1, 2, 1)
_EXPANSIONS: Final = (1, 6, 6, 6, 6, 6, 6)
_MEAN: Final = (0.485, 0.456, 0.406)
_DEVIATION: Final = (0.229, 0.224, 0.225)
_EPSILON: Final = 1e-3  # of the batch normalization that is folded in


class InvertedBlock(nn.Module):
    """An inverted residual block: widened, filtered channel by channel, narrowed."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = nn.Conv2d(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(inner, inner, kernel, stride, groups=inner)
        self.project = nn.Conv2d(inner, outputs, 1)
        self._margin = _margin(kernel, stride)
        self._is_residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, h, w) to (B, outputs, h / stride, w / stride)."""
        inner = x if self.expand is None else functional.relu6(self.expand(x))
        inner = functional.relu6(self._filtered(functional.pad(inner, self._margin)))
        out: torch.Tensor = self.project(inner)
        return x + out if self._is_residual else out

    def _filtered(self, x: torch.Tensor) -> torch.Tensor:
        layer = self.depthwise
        if layer.stride[0] == 1 or not (self.training and layer.weight.requires_grad):
            filtered: torch.Tensor = layer(x)
            return filtered
        # The same numbers: on the CPU, gradients of strided ones take five times as long.
        whole = functional.conv2d(x, layer.weight, layer.bias, groups=layer.groups)
        return whole[:, :, :: layer.stride[0], :: layer.stride[1]]


class CompactEncoder(nn.Module):
    """Seven stages of inverted blocks; `widths` and `depths`: channels and blocks of each."""

    def __init__(
        self, stem: int = STEM, widths: Sequence[int] = WIDTHS, depths: Sequence[int] = DEPTHS
    ) -> None:
        """Make the net at random. Raises ValueError where there are not seven widths and depths."""
        super().__init__()
        if not len(widths) == len(depths) == len(STRIDES):
            raise ValueError(f"{widths = } and {depths = } must be {len(STRIDES)} each: one for every stage.")
        self.stem = nn.Conv2d(3, stem, 3, 2)
        self.stages = nn.ModuleList()
        before = stem
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            blocks = [
                InvertedBlock(
                    before if block == 0 else width,
                    width,
                    _KERNELS[stage],
                    _STEPS[stage] if block == 0 else 1,
                    _EXPANSIONS[stage],
                )
                for block in range(depth)
            ]
            self.stages.append(nn.Sequential(*blocks))
            before = width
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None], persistent=False)

    def forward(self, gray: torch.Tensor) -> list[torch.Tensor]:
        """Map grays (B, 1, H, W) in [0, 1], H and W multiples of 32, to what each stage gives.

        R, G, B pictures (B, 3, H, W) are taken too: those that the weights were made with.
        """
        x = (gray.expand(-1, 3, -1, -1) - self.mean) / self.deviation
        x = functional.relu6(self.stem(functional.pad(x, _margin(3, 2))))
        kept = []
        for stage in self.stages:
            x = stage(x)
            kept.append(x)
        return kept


def folded(tensors: Mapping[str, torch.Tensor], depths: Sequence[int] = DEPTHS) -> dict[str, torch.Tensor]:
    """Return a state of `CompactEncoder` from that of a net of the package efficientnet_lite_pytorch.

    `depths`: blocks of its stages. Batch normalization, with the statistics that it has, becomes part of the
    convolutions; the head is left out. Raises KeyError for tensors of another layout.
    """
    state = _folded(tensors, "_conv_stem", "_bn0", "stem")
    number = 0
    for stage, depth in enumerate(depths):
        for block in range(depth):
            theirs, ours = f"_blocks.{number}.", f"stages.{stage}.{block}."
            if _EXPANSIONS[stage] > 1:
                state |= _folded(tensors, f"{theirs}_expand_conv", f"{theirs}_bn0", f"{ours}expand")
            state |= _folded(tensors, f"{theirs}_depthwise_conv", f"{theirs}_bn1", f"{ours}depthwise")
            state |= _folded(tensors, f"{theirs}_project_conv", f"{theirs}_bn2", f"{ours}project")
            number += 1
    return state


def _folded(
    tensors: Mapping[str, torch.Tensor], convolution: str, norm: str, ours: str
) -> dict[str, torch.Tensor]:
    scale = tensors[f"{norm}.weight"] / (tensors[f"{norm}.running_var"] + _EPSILON).sqrt()
    return {
        f"{ours}.weight": tensors[f"{convolution}.weight"] * scale[:, None, None, None],
        f"{ours}.bias": tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale,
    }


def _margin(kernel: int, stride: int) -> tuple[int, int, int, int]:
    """TensorFlow's padding "same", for sizes that are multiples of the stride."""
    total = kernel - stride
    return total // 2, total - total // 2, total // 2, total - total // 2
