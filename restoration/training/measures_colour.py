"""How well a net colours pictures that were turned gray, and how they look."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.colour.chroma import chroma_from_ab, rgb_from_chroma
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.colour.net import ColourNet, Hints
from reelfix.restoration.training.colour_hints import point_hints
from reelfix.restoration.training.source_colour import read_colour
from reelfix.restoration.training.steps import decibels, side_by_side

_LUMA: Final = (0.299, 0.587, 0.114)
_POINTS: Final = 10
_SHOWN: Final = 10
_SHOWN_SIZE: Final = 160


def colour_measures(net: nn.Module, files: Sequence[Path]) -> dict[str, float]:
    """Measure a `ColourNet` on pictures without hints, and with the true colours of 10 points.

    `psnr` of R, G, B in dB; `ab_error`, the mean distance of a and b in Lab units; `chroma`, the mean length
    of a and b over the truth's; `ab_error_gray`: of a picture left gray.
    """
    sums: dict[str, list[float]] = {}
    for rgb in _pictures(files, net):
        luma, ab = _luma(rgb), rgb_to_lab(rgb)[:, 1:]
        for name, hints in (("", None), (f"_{_POINTS}", _true_points(ab))):
            found = coloured(net, luma, hints)
            found_ab = rgb_to_lab(found)[:, 1:]
            sums.setdefault(f"psnr{name}", []).append(decibels(float((found - rgb).square().mean())))
            sums.setdefault(f"ab_error{name}", []).append(float((found_ab - ab).norm(dim=1).mean()))
            sums.setdefault(f"chroma{name}", []).append(float(found_ab.norm(dim=1).mean()))
        sums.setdefault("ab_error_gray", []).append(float(ab.norm(dim=1).mean()))
    means = {name: float(np.mean(values)) for name, values in sums.items()}
    return {
        name: value / means["ab_error_gray"] if name.startswith("chroma") else value
        for name, value in means.items()
    }


def colour_samples(net: nn.Module, files: Sequence[Path]) -> torch.Tensor:
    """Draw some pictures gray, coloured by a `ColourNet`, coloured with 10 points, and as they were."""
    rows = []
    for rgb in list(_pictures(files, net))[:: max(len(files) // _SHOWN, 1)][:_SHOWN]:
        luma, hints = _luma(rgb), _true_points(rgb_to_lab(rgb)[:, 1:])
        pictures = (luma.expand_as(rgb), coloured(net, luma), coloured(net, luma, hints), rgb)
        size = (_SHOWN_SIZE, _SHOWN_SIZE)
        rows.append([functional.interpolate(picture, size, mode="area") for picture in pictures])
    return side_by_side(*(torch.cat(column) for column in zip(*rows, strict=True)))


def coloured(net: nn.Module, luma: torch.Tensor, hints: Hints | None = None) -> torch.Tensor:
    """Colour luma (1, 1, H, W) with what a `ColourNet` predicts, enlarged: R, G, B (1, 3, H, W) in [0, 1]."""
    ab = cast(ColourNet, net).predict(luma, hints).ab
    ab = functional.interpolate(ab, luma.shape[2:], mode="bilinear")
    return rgb_from_chroma(luma, chroma_from_ab(luma, ab, _LUMA[0], _LUMA[2]), _LUMA[0], _LUMA[2])


def _pictures(files: Sequence[Path], net: nn.Module) -> Iterator[torch.Tensor]:
    device = next(net.parameters()).device
    for number, file in enumerate(files):
        picture = read_colour(file, np.random.default_rng(number))
        yield torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None].to(device)


def _luma(rgb: torch.Tensor) -> torch.Tensor:
    return torch.einsum("bchw,c->bhw", rgb, torch.tensor(_LUMA, device=rgb.device))[:, None]


def _true_points(ab: torch.Tensor) -> Hints:
    """Give the true colours of 10 squares, always the same, on the grid of a quarter."""
    size = -(-ab.shape[2] // 4), -(-ab.shape[3] // 4)
    small = functional.interpolate(ab, size, mode="area")[0].cpu().numpy()
    hints = point_hints(small, _POINTS, np.random.default_rng(0))
    return Hints(*(torch.from_numpy(values)[None].to(ab.device) for values in hints))
