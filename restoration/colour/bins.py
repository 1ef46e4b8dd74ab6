"""Colours as classes: bins of a and b, after "Colorful Image Colorization" (Zhang et al., ECCV 2016)."""

from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
import torch
from scipy.spatial import cKDTree

from reelfix.restoration.colour.lab import rgb_to_lab

BINS: Final = 313
GRID: Final = 10
"""Steps of a and b from bin to bin."""
SIGMA: Final = 5.0
"""Of the Gaussian that a colour is spread over its nearest bins with, and priors are smoothed with."""
NEAREST: Final = 5
TEMPERATURE: Final = 0.38

_REACH = 130  # of the grid, beyond all of sRGB
_FACE = 129  # samples along an edge of the RGB cube


@lru_cache(maxsize=1)
def _centres() -> tuple[tuple[float, float], ...]:
    faces = []
    steps = np.linspace(0, 1, _FACE, dtype=np.float64)
    u, v = (plane.ravel() for plane in np.meshgrid(steps, steps, indexing="ij"))
    for axis, end in product(range(3), (0.0, 1.0)):
        faces.append(np.insert(np.stack([u, v]), axis, end, axis=0))
    surface = torch.from_numpy(np.concatenate(faces, axis=1))[:, :, None]  # 3xNx1
    gamut = rgb_to_lab(surface)[1:, :, 0].T.numpy()  # what a and b the gamut has, its surface has
    ticks = np.arange(-_REACH, _REACH + 1, GRID, dtype=np.float64)
    grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    distances, _ = cKDTree(gamut).query(grid)
    order = np.argsort(np.where(distances < GRID / 20, 0, distances), kind="stable")
    return tuple((float(a), float(b)) for a, b in grid[np.sort(order[:BINS])])


def ab_bins(device: torch.device | str = "cpu") -> torch.Tensor:
    """Return the centres of the bins, float32 (313, 2), a and b in Lab units, sorted by a, then b.

    Those 313 points of the grid of 10 that lie in, or nearest to, the a and b of all colours of sRGB (D65):
    the paper's number. Every colour of sRGB lies between centres. (The paper names neither gamut nor white of
    its own list; nets trained with that bring it along.)
    """
    return torch.tensor(_centres(), device=device)


def soft_encode(ab: torch.Tensor, bins: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Spread each colour over its five nearest bins, by a Gaussian of sigma 5 (section 2.1 of the paper).

    `ab`: (B, 2, h, w); `bins`: (Q, 2). Returns the bins' numbers, int64 (B, 5, h, w), and their shares,
    float32 likewise, whose sum is 1.
    """
    values = ab.permute(0, 2, 3, 1).reshape(-1, 2).float()
    with torch.autocast(ab.device.type, enabled=False):
        # |x - c|^2 less |x|^2, which is the same for all bins.
        distances = bins.square().sum(dim=1) - 2 * values @ bins.T
    nearest = distances.topk(NEAREST, dim=1, largest=False).indices  # Nx5
    squares = (values[:, None] - bins[nearest]).square().sum(dim=2)
    shares = (-(squares - squares[:, :1]) / (2 * SIGMA**2)).exp()
    shares = shares / shares.sum(dim=1, keepdim=True)
    batch, _, height, width = ab.shape
    return _as_planes(nearest, batch, height, width), _as_planes(shares, batch, height, width)


def _as_planes(rows: torch.Tensor, batch: int, height: int, width: int) -> torch.Tensor:
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)


def annealed_mean(
    logits: torch.Tensor, bins: torch.Tensor, temperature: float = TEMPERATURE
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the annealed mean of a distribution, and how widely it is spread (equation 5 of the paper).

    `logits`: (B, Q, h, w); `bins`: (Q, 2). Temperature 1 is the mean, towards 0 the mode. Returns a and b,
    float32 (B, 2, h, w), and the root of the annealed distribution's variance, float32 (B, 1, h, w), in Lab
    units.
    """
    if temperature <= 0:
        raise ValueError(
            f"{temperature = } must be > 0; 1 is the mean of the distribution, 0.38 the paper's."
        )
    chances = (logits.float() / temperature).softmax(dim=1)
    moments = torch.cat([bins, bins.square().sum(dim=1, keepdim=True)], dim=1)  # Qx3
    with torch.autocast(logits.device.type, enabled=False):
        means = torch.einsum("bqhw,qm->bmhw", chances, moments)
    ab = means[:, :2]
    variance = means[:, 2:] - ab.square().sum(dim=1, keepdim=True)
    return ab, variance.clamp_min(0).sqrt()


def smoothed_prior(counts: torch.Tensor, bins: torch.Tensor) -> torch.Tensor:
    """Return how often each bin occurs, float64 (Q,), smoothed over a and b by a Gaussian of sigma 5.

    `counts`: (Q,), of any sum above 0.
    """
    centres = bins.to(counts.device, torch.float64)
    kernel = (-torch.cdist(centres, centres).square() / (2 * SIGMA**2)).exp()
    smoothed = (kernel / kernel.sum(dim=0)) @ counts.to(torch.float64)
    return smoothed / smoothed.sum()


def rebalancing(prior: torch.Tensor, mixed: float = 0.5, power: float = 1.0) -> torch.Tensor:
    """Return how much each bin counts, float32 (Q,), rare ones more (equation 4 of the paper).

    w = ((1 - `mixed`) prior + `mixed` / Q)^-`power`, scaled so that the mean over the prior is 1. `mixed` is
    the paper's lambda; `power` below 1 is milder, 0 counts all alike.
    """
    if not 0 < mixed <= 1:
        raise ValueError(
            f"{mixed = } must be in (0, 1]: at 0, bins that never occur would count without end."
        )
    weights = ((1 - mixed) * prior + mixed / len(prior)) ** -power
    return (weights / (weights * prior).sum()).float()
