"""Grain of film stocks: its clumps' sizes, how it follows the tone, and how the colour layers share it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch


@dataclass(frozen=True)
class Stock:
    """The grain of one kind of film, as scanned."""

    strength: float
    """Standard deviation at the tone where it is largest."""
    size: float
    """Standard deviation of a clump, in pixels."""
    coarse: float = 0.0
    """Share of the variance that lies in clumps of 2.5 times that size (reticulation, mottle)."""
    shadows: float = 0.5
    """Deviation in black, as a fraction of the largest."""
    highlights: float = 0.5
    """Deviation in white, as such a fraction."""
    correlation: float = 0.0
    """Of any two colour layers' grain."""
    layers: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Strengths of the red, green and blue layers; a gray picture has the mean."""


STOCKS: Mapping[str, Stock] = MappingProxyType(
    {
        # Slow and contrasty; old prints show mottle from uneven development.
        "orthochromatic": Stock(0.020, 0.65, coarse=0.15, shadows=0.35, highlights=0.55, correlation=1.0),
        "panchromatic": Stock(0.017, 0.6, coarse=0.05, shadows=0.4, highlights=0.5, correlation=1.0),
        # Fast negative, pushed: coarse, and strong up to the highlights.
        "fast newsreel": Stock(0.028, 0.8, coarse=0.15, shadows=0.45, highlights=0.65, correlation=1.0),
        "duplicating": Stock(0.009, 0.45, shadows=0.4, highlights=0.4, correlation=1.0),
        # A reversal's grain is that of the dark parts: the coarse grains went to the first image.
        "reversal 16 mm": Stock(0.020, 0.75, coarse=0.05, shadows=0.7, highlights=0.35, correlation=1.0),
        "reversal 8 mm": Stock(0.028, 0.9, coarse=0.10, shadows=0.7, highlights=0.35, correlation=1.0),
        # Dye clouds: softer than silver, the blue-sensitive layer on top the coarsest.
        "colour reversal": Stock(
            0.018, 0.8, shadows=0.7, highlights=0.3, correlation=0.35, layers=(0.9, 0.8, 1.3)
        ),
        "colour print": Stock(
            0.015, 0.7, shadows=0.55, highlights=0.4, correlation=0.25, layers=(0.9, 0.8, 1.4)
        ),
        "colour 8 mm": Stock(
            0.027, 1.0, coarse=0.05, shadows=0.75, highlights=0.3, correlation=0.4, layers=(0.9, 0.85, 1.25)
        ),
    }
)


@dataclass(frozen=True)
class StockGrain:
    """Grain of a named stock."""

    stock: str = "panchromatic"
    """One of STOCKS."""
    amount: float = 1.0
    """Times the stock's strength."""
    scale: float = 1.0
    """Times the stock's clumps: above 1 for a closer scan, or a smaller picture on the film."""

    def __post_init__(self) -> None:
        if self.stock not in STOCKS:
            raise ValueError(f"stock = {self.stock!r} must be one of {', '.join(STOCKS)}.")


def stock_deviation(stock: Stock, frames: torch.Tensor) -> torch.Tensor:
    """Return the grain's deviation for every value of frames (T, C, H, W) in [0, 1], for strength 1.

    A parabola of the tone: `shadows` at black, `highlights` at white, and 1 at its top between them.
    """
    bow = _bow(stock.shadows, stock.highlights)
    slope = stock.highlights - stock.shadows + bow
    # shadows + slope x - bow x^2
    deviation: torch.Tensor = frames.mul(-bow).add_(slope).mul_(frames).add_(stock.shadows)
    return deviation


def _bow(shadows: float, highlights: float) -> float:
    """The curvature for which `shadows + (highlights - shadows + b) x - b x^2` has its top at height 1."""
    low, high = 1.0 - shadows, 1.0 - highlights
    return float((low**0.5 + high**0.5) ** 2)


def layered(noise: torch.Tensor, shared: torch.Tensor | None, stock: Stock) -> torch.Tensor:
    """Give noise (T, C, H, W) of unit variance the layers' strengths and correlation.

    `shared`: (T, 1, H, W) of unit variance, what the layers have in common; None where that is nothing.
    """
    if noise.shape[1] == 1:
        return noise * (sum(stock.layers) / 3)
    if shared is not None:
        noise = noise * (1.0 - stock.correlation) ** 0.5 + shared * stock.correlation**0.5
    return noise * noise.new_tensor(stock.layers)[:, None, None]
