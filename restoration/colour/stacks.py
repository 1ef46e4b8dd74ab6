"""The stacks of convolutions that eccv16 and siggraph17 are made of, and what both do with their sizes."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from reelfix.restoration.one_thread import one_thread

CELL = 8
"""Both nets are shown pictures whose height and width are multiples of this."""
WORKING_SIZE = 256
"""Longest side, in pixels, of what both nets are shown; their authors' pictures have both sides so long."""
QUARTER = 4
"""Height and width of a picture against those of what is said of its colours."""
SPREAD = 20.0
"""Of the distribution, in Lab units, at which confidence is a half."""
TRUNK_DEPTHS = (2, 2, 3, 3, 3, 3, 3)
"""Convolutions of conv1 to conv7."""
TRUNK_WIDTHS = (1, 2, 4, 8, 8, 8, 8)
"""Their channels, against those of conv1; the papers' conv1 has 64."""
TRUNK_DILATIONS = (1, 1, 1, 1, 2, 2, 1)
MATCHED = 4
"""Of the trunk, the stack whose output tells places apart: conv5, an eighth of the size."""
AB_NORM = 110.0
"""Both nets read and write ab divided by this."""


class Stack(nn.Module):
    """Convolutions of 3 x 3, each with its rectifier, and batch normalization after the last."""

    def __init__(self, widths: Sequence[int], *, dilation: int = 1, stride: int = 1) -> None:
        """Make one convolution from each of `widths` to the next; the last has the stride."""
        super().__init__()
        last = len(widths) - 2
        convs = [
            nn.Conv2d(a, b, 3, stride if index == last else 1, dilation, dilation)
            for index, (a, b) in enumerate(pairwise(widths))
        ]
        for conv in convs:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        self.convs = nn.ModuleList(convs)
        self.norm = nn.BatchNorm2d(widths[-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, widths[0], H, W) to (B, widths[-1], H / stride, W / stride)."""
        for conv in self.convs:
            x = F.relu(conv(x))
        out: torch.Tensor = self.norm(x)
        return out


def make_trunk(channels: int, width: int, *, strided: bool) -> nn.ModuleList:
    """Make conv1 to conv7: an eighth of the size after the third, by strides or else by leaving out.

    `strided`: the first three end in a convolution of stride 2 (eccv16); else whoever calls them takes every
    second row and column of what they give (siggraph17, which needs the whole for its shortcuts).
    """
    stacks = []
    for index, (depth, times, dilation) in enumerate(
        zip(TRUNK_DEPTHS, TRUNK_WIDTHS, TRUNK_DILATIONS, strict=True)
    ):
        stride = 2 if strided and index < int(math.log2(CELL)) else 1
        stacks.append(Stack([channels, *[times * width] * depth], dilation=dilation, stride=stride))
        channels = times * width
    return nn.ModuleList(stacks)


def steady(dtype: torch.dtype) -> AbstractContextManager[None]:
    """Let convolutions of float32 use one thread on the CPU: they round otherwise on two than on one."""
    return one_thread() if dtype == torch.float32 else nullcontext()
