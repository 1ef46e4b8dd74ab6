"""Neighbouring frames brought to the light of the frame that they are to tell of."""

import torch
from torch.nn import functional

_CELL = 64  # pixels over which a difference of light is taken to be even
_SAMPLES = 8  # per cell and side, of which the median is taken


def in_light_of(frame: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return `others` (1, N, H, W) with what they are darker or lighter than `frame` (1, 1, H, W), all over.

    The nets learned from film whose flicker was taken out: where it was not, or not wholly, a neighbour of
    another exposure would be taken for noise. Light is told by the medians of differences over large cells,
    which neither dirt nor what moves shifts much; between cells it is bilinear.
    """
    height, width = frame.shape[2:]
    rows, columns = max(height // _CELL, 1), max(width // _CELL, 1)
    count = others.shape[1]
    samples = functional.interpolate(frame - others, (rows * _SAMPLES, columns * _SAMPLES), mode="nearest")
    cells = samples.view(count, rows, _SAMPLES, columns, _SAMPLES).transpose(2, 3).flatten(3)
    light = cells.median(dim=3).values[None]  # 1xNxrowsxcolumns
    return others + functional.interpolate(light, (height, width), mode="bilinear", align_corners=False)
