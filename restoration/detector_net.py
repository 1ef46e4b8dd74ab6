"""The net that finds damage: a small U-Net over a frame, its neighbours, and what the scan shows for long.

A U-Net (Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", MICCAI 2015)
of residual blocks without normalisation, on a grid of half the picture's size, with pooled strips for what
runs from top to bottom (Hou et al., "Strip pooling", CVPR 2020).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

PLANES = 2
"""Planes of the answer: dirt (on one frame) and scratch (on many)."""

_STRIP = 16  # rows of the grid that are pooled into one
_ALONG, _ACROSS = 3, 5  # strips, and columns, that a strip's convolution takes in


class Block(nn.Module):
    """Two convolutions, added to what comes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to the same shape."""
        return functional.relu(x + self.second(functional.relu(self.first(x))))


class Strips(nn.Module):
    """What columns have in common over a part of the height: where a scratch runs on, broken or faint."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        size, margin = (_ALONG, _ACROSS), (_ALONG // 2, _ACROSS // 2)
        inputs = [2 * width, *[width] * (depth - 1)]
        self.layers = nn.ModuleList(nn.Conv2d(count, width, size, padding=margin) for count in inputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to the same shape, even over 16 rows; h a multiple of 16."""
        size = (_STRIP, 1)
        pooled = torch.cat([functional.avg_pool2d(x, size), functional.max_pool2d(x, size)], dim=1)
        for layer in self.layers:
            pooled = functional.relu(layer(pooled))  # BxCx(h / 16)xw
        return functional.interpolate(pooled, scale_factor=(float(_STRIP), 1.0), mode="nearest")


class DetectorNet(nn.Module):
    """Logits of damage from what `detector_inputs` tells of a frame.

    `widths`: channels at half, quarter, eighth and sixteenth of the picture's size; `depths`: blocks there.
    """

    def __init__(
        self,
        inputs: int,
        *,
        widths: Sequence[int] = (24, 48, 64, 96),
        depths: Sequence[int] = (1, 2, 2, 2),
        strips: int = 3,
    ) -> None:
        super().__init__()
        if len(widths) != len(depths):
            raise ValueError(f"{len(widths) = } must equal {len(depths) = }: one of each for every level.")
        self.inputs = inputs
        self.granule = max(_STRIP, 2 ** (len(widths) - 1))
        """Height and width of what comes in are padded to multiples of this."""
        self.stem = nn.Conv2d(inputs, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(wide, deep, 2, stride=2) for wide, deep in pairwise(widths))
        self.encoder = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for width, depth in zip(widths, depths, strict=True)
        )
        self.up = nn.ModuleList(nn.Conv2d(deep, wide, 1) for wide, deep in pairwise(widths))
        self.decoder = nn.ModuleList(Block(width) for width in widths[:-1])
        self.strips = Strips(widths[0], strips)
        self.head = nn.Conv2d(widths[0], 4 * PLANES, 3, padding=1)
        self.scale: torch.Tensor
        self.shift: torch.Tensor
        # What makes the logits those of the odds, plane by plane: measured once the net is trained.
        self.register_buffer("scale", torch.ones(PLANES))
        self.register_buffer("shift", torch.zeros(PLANES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, h, w), on the half-size grid, to logits (B, 2, 2 h, 2 w)."""
        height, width = x.shape[2:]
        margin = (-width % self.granule, -height % self.granule)
        if any(margin):
            x = functional.pad(x, (0, margin[0], 0, margin[1]), mode="replicate")
        x = functional.relu(self.stem(x))
        kept = []
        for level, blocks in enumerate(self.encoder):
            x = blocks(self.down[level - 1](x) if level else x)
            kept.append(x)
        for level in reversed(range(len(self.decoder))):
            coarse = functional.interpolate(self.up[level](x), scale_factor=2.0, mode="nearest")
            x = kept[level] + coarse + (self.strips(kept[0]) if level == 0 else 0)
            x = self.decoder[level](x)
        scale, shift = (values.repeat_interleave(4)[:, None, None] for values in (self.scale, self.shift))
        logits = functional.pixel_shuffle(self.head(x) * scale + shift, 2)  # Bx2x(2 h)x(2 w)
        return logits[:, :, : 2 * height, : 2 * width]
