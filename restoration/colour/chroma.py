"""Between Lab's a and b and the planes B'-Y' and R'-Y' that a colour picture adds to its luma."""

import torch

from reelfix.restoration.colour.lab import lab_to_rgb, lightness, rgb_to_lab

_ROUNDS = 3  # of Newton's method for the lightness; after them luma is met within 1e-4


def chroma_from_ab(
    luma: torch.Tensor, ab: torch.Tensor, red_weight: float, blue_weight: float
) -> torch.Tensor:
    """Return the chroma (..., 2, H, W), planes B'-Y' and R'-Y' in [-1, 1], that colours `luma` with `ab`.

    `luma`: Y' (..., 1, H, W) in [0, 1], kept as it is; `ab`: (..., 2, H, W) in Lab units, sRGB and D65.
    `red_weight`, `blue_weight`: what R' and B' count in Y' (BT.601: 0.299 and 0.114). Where a colour is out
    of gamut at this luma, its chroma is reduced towards neutral, its proportions kept, until R', G' and B'
    lie in [0, 1].
    """
    luma = luma.clamp(0, 1)
    weights = red_weight, 1 - red_weight - blue_weight, blue_weight
    rgb = lab_to_rgb(torch.cat([_lightness_of(luma, ab, weights), ab], dim=-3))
    own = _luma(rgb, weights)
    away = rgb - own  # of R', G', B' from Y': their weighted sum is 0
    room = torch.where(away > 0, 1 - luma, luma)
    share = (room / away.abs().clamp_min(1e-6)).amin(dim=-3, keepdim=True).clamp(max=1)
    red, _, blue = (away * share).chunk(3, dim=-3)
    return torch.cat([blue, red], dim=-3)


def ab_from_chroma(
    luma: torch.Tensor, chroma: torch.Tensor, red_weight: float, blue_weight: float
) -> torch.Tensor:
    """Return Lab's a and b (..., 2, H, W) of a picture of this luma and chroma; see `chroma_from_ab`."""
    return rgb_to_lab(rgb_from_chroma(luma, chroma, red_weight, blue_weight))[..., 1:, :, :]


def rgb_from_chroma(
    luma: torch.Tensor, chroma: torch.Tensor, red_weight: float, blue_weight: float
) -> torch.Tensor:
    """Return R', G', B' (..., 3, H, W) of a picture of this luma and chroma; see `chroma_from_ab`."""
    blue, red = chroma.chunk(2, dim=-3)
    green = -(red_weight * red + blue_weight * blue) / (1 - red_weight - blue_weight)
    return luma + torch.cat([red, green, blue], dim=-3)


def within_gamut(
    luma: torch.Tensor,
    chroma: torch.Tensor,
    red_weight: float,
    blue_weight: float,
    *,
    tones: tuple[float, float] = (0.0, 1.0),
) -> torch.Tensor:
    """Return `chroma` (..., 2, H, W) reduced, its proportions kept, where it is out of gamut at its luma.

    `luma`: (..., 1, H, W), with black and white at `tones`; see `chroma_from_ab`.
    """
    black, white = tones
    blue, red = chroma.chunk(2, dim=-3)
    green = -(red_weight * red + blue_weight * blue) / (1 - red_weight - blue_weight)
    highest = torch.maximum(torch.maximum(red, blue), green)
    lowest = torch.minimum(torch.minimum(red, blue), green)
    above, below = (white - luma).clamp_min(0), (luma - black).clamp_min(0)
    share = torch.minimum(above / highest.clamp_min(1e-6), below / (-lowest).clamp_min(1e-6)).clamp_max(1)
    return chroma * share


def _lightness_of(luma: torch.Tensor, ab: torch.Tensor, weights: tuple[float, float, float]) -> torch.Tensor:
    """L (..., 1, H, W) at which the colour `ab` has this luma."""
    found = lightness(luma)
    step = 0.5
    for _ in range(_ROUNDS):
        here = _luma(lab_to_rgb(torch.cat([found, ab], dim=-3)), weights)
        above = _luma(lab_to_rgb(torch.cat([found + step, ab], dim=-3)), weights)
        found = found + step * (luma - here) / (above - here).clamp_min(1e-3)
    return found.clamp(0, 100)


def _luma(rgb: torch.Tensor, weights: tuple[float, float, float]) -> torch.Tensor:
    red, green, blue = rgb.chunk(3, dim=-3)
    luma: torch.Tensor = weights[0] * red + weights[1] * green + weights[2] * blue
    return luma
