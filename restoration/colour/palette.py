"""A picture's colours as a whole, and how a net's answers are brought near them, wherever they lie."""

import math
from dataclasses import dataclass
from typing import Final

import torch

from reelfix.restoration.colour.bins import SIGMA, ab_bins
from reelfix.restoration.colour.chroma import chroma_from_ab, rgb_from_chroma
from reelfix.restoration.colour.colour_statistics import colour_statistics, shown_saturation

MOST_VIVID: Final = 2.0
"""Times a net's own colours, that a saturation is met with at most."""

_KEPT = 0.03  # share of the net's own colours that any palette has
_LARGEST = math.log(60.0)  # of a tilt: no colour becomes so many times likelier or less likely
_TURNS = 60
_SETTLED = 0.01  # change of the tilt from turn to turn, at which it is found
_FAINTEST = 1e-6
_SCALES = 0.5, 2.0  # that colours are multiplied by, to have a palette's mean chroma
_HALVINGS = 16


@dataclass(frozen=True)
class Palette:
    """The colours of a picture, without their places."""

    histogram: torch.Tensor
    """float32 (313,): shares of the bins of ab (`bins.ab_bins`), their sum 1."""
    saturation: float
    """Mean of HSV's saturation, in [0, 1]."""
    strength: float = 1.0
    """How far it is followed: 0 not at all, 1 as far as can be."""


def palette_of(rgb: torch.Tensor, strength: float = 1.0) -> Palette:
    """Return the palette of a picture (3, h, w), float32 in [0, 1]."""
    if not 0 <= strength <= 1:
        raise ValueError(f"{strength = } must be in [0, 1].")
    found = colour_statistics(rgb[None], ab_bins(rgb.device))
    assert found.histogram is not None
    assert found.saturation is not None
    return Palette(found.histogram[0], float(found.saturation[0]), strength)


def on_bins(histogram: torch.Tensor, bins: torch.Tensor) -> torch.Tensor:
    """Return a histogram (313,) over `ab_bins` as one over other `bins` (Q, 2): each share to the nearest."""
    nearest = torch.cdist(ab_bins(bins.device), bins.float()).argmin(dim=1)
    return torch.zeros(len(bins), device=bins.device).index_add(0, nearest, histogram.to(bins.device))


def tilt_towards(
    histogram: torch.Tensor, odds: torch.Tensor, bins: torch.Tensor, strength: float
) -> torch.Tensor:
    """Return what is to be added to `odds` everywhere, so that on the whole they come near a histogram.

    `histogram`: (Q,), shares of `bins` (Q, 2), Lab units; `odds`: (N, Q), the logarithms of the distributions
    at N places, up to a constant at each; returns (Q,), in the logarithm's units.

    Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities"
    (Neural Computation 2002), equation 2.4, multiply the odds by the ratio of priors; what comes out has not
    that prior on the whole. Here the ratio is iterated until it has (iterative proportional fitting:
    Csiszar, "I-Divergence Geometry", 1975), which changes the distributions as little as can be. `strength`
    below 1 is its exponent and weighs that change against the distance from the histogram, which stays
    (unbalanced transport: Chizat et al., "Scaling Algorithms", 2018, with strength = lambda / (lambda +
    epsilon)). Both sides are smoothed over neighbouring bins, and the ratio is bounded.
    """
    chances = odds.float().softmax(dim=1)
    spread = _neighbours(bins.float())
    wanted = spread @ ((1 - _KEPT) * histogram.to(chances) + _KEPT * chances.mean(dim=0))
    tilt = torch.zeros_like(wanted)
    for _ in range(_TURNS):
        ratio = tilt.exp()
        whole = ratio * (chances.T @ (1 / (chances @ ratio))) / len(chances)
        found = spread @ whole
        lacking = (wanted.clamp_min(_FAINTEST) / found.clamp_min(_FAINTEST)).log()
        turned = (strength * (tilt + lacking)).clamp(-_LARGEST, _LARGEST)
        change = float((turned - tilt).abs().max())
        tilt = turned
        if change < _SETTLED:
            break
    return tilt


def chroma_scale(palette: Palette, colours: torch.Tensor) -> float:
    """Return what `colours` (2, N), Lab units, are to be multiplied by to have a palette's mean chroma.

    In [0.5, 2], and as far as the palette is followed.
    """
    own = float(colours.norm(dim=0).mean())
    centres = ab_bins(palette.histogram.device)
    wanted = float((palette.histogram * centres.norm(dim=1)).sum())
    least, most = _SCALES
    return float(min(max(wanted / max(own, _FAINTEST), least), most) ** palette.strength)


def saturation_scale(
    wanted: float, luma: torch.Tensor, colours: torch.Tensor, red_weight: float, blue_weight: float
) -> float:
    """Return what colours are to be multiplied by to be as saturated as `wanted` (`shown_saturation`).

    `luma`: (1, H, W) in [0, 1]; `colours`: (2, H, W), Lab units; weights of red and blue in the luma. At most
    MOST_VIVID, where that is not enough.
    """

    def saturation(scale: float) -> float:
        rgb = coloured(luma, scale * colours, red_weight, blue_weight)
        return float(shown_saturation(rgb[None]))

    low, high = 0.0, MOST_VIVID
    if saturation(high) <= wanted:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if saturation(middle) < wanted else (low, middle)
    return (low + high) / 2


def coloured(
    luma: torch.Tensor, colours: torch.Tensor, red_weight: float, blue_weight: float
) -> torch.Tensor:
    """Return R', G', B' (3, H, W) in [0, 1] of a picture; see `saturation_scale`."""
    chroma = chroma_from_ab(luma, colours, red_weight, blue_weight)
    return rgb_from_chroma(luma, chroma, red_weight, blue_weight).clamp(0, 1)


def _neighbours(bins: torch.Tensor) -> torch.Tensor:
    """What spreads each bin's share over its neighbours, (Q, Q): a Gaussian, its columns' sums 1."""
    kernel = (-torch.cdist(bins, bins).square() / (2 * SIGMA**2)).exp()
    return kernel / kernel.sum(dim=0)
