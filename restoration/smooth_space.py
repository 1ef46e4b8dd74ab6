"""Where pictures in time are brought together: in the compact nets' latents, or in their cells of pixels.

Both take differences of pictures apart into cells of 4 x 4 pixels, and put what is made of them together.
"""

from typing import Protocol

import torch
from torch.nn import functional

from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.triplet.blocks import padded
from reelfix.restoration.triplet.compact import CELL, MULTIPLE, CompactNets
from reelfix.restoration.triplet.restorer import Precision, dtype_for
from reelfix.restoration.triplet.restorer_folded import FoldedNets

_LEAST_PIXEL, _LEAST_LATENT = 0.006, 0.04  # of noise: differences below matter to nobody
_SAMPLES = 4000  # cells from which noise is told, about
_FEWEST = 20  # of so many cells one at least must be sound for noise to be told
_MEAN_OF_SQUARE = 2.198  # the mean of a squared normal variable over its median


class Coded(Protocol):
    """A frame in a space, and what can be done there."""

    def details(self, changes: torch.Tensor) -> torch.Tensor:
        """Return how the frame's features change with `changes` (N, H, W) of it: float32 (N, C, h, w)."""
        ...

    def likeness(self, details: torch.Tensor, sound: torch.Tensor) -> torch.Tensor:
        """Return how far `details` (N, C, h, w) exceed the noise among them: float32, of that shape.

        Squared, in units of the noise's variance, which is told where `sound` (N, h, w) holds.
        """
        ...

    def picture(self, moves: torch.Tensor) -> torch.Tensor:
        """Return how the frame changes with its features, moved by (M, C, h, w): float32 (M, H, W)."""
        ...


class Space(Protocol):
    """Makes frames known in a space."""

    def coded(self, frame: torch.Tensor, latent: torch.Tensor | None) -> Coded:
        """Take a frame (H, W) float32, and the latents (C, h, w) that it was made of where they are kept.

        h = 4 ceil(H / 16), w = 4 ceil(W / 16) for all features.
        """
        ...


class PixelSpace:
    """Cells of pixels as they are: for what no net was trained on, and where none is wanted."""

    def coded(self, frame: torch.Tensor, latent: torch.Tensor | None) -> Coded:
        """Return the frame's cells; see `Space`."""
        return _Pixels(frame)


class _Pixels:
    def __init__(self, frame: torch.Tensor) -> None:
        self._height, self._width = frame.shape

    def details(self, changes: torch.Tensor) -> torch.Tensor:
        return functional.pixel_unshuffle(padded(changes[:, None], MULTIPLE), CELL)

    def likeness(self, details: torch.Tensor, sound: torch.Tensor) -> torch.Tensor:
        # A pixel alone says little: cells count as a whole, and their weights go over into each other.
        squares = details.square().mean(dim=1, keepdim=True)
        excess = squares / _noise(squares, sound, _LEAST_PIXEL, share=1.0)
        smooth = functional.interpolate(excess, scale_factor=CELL, mode="bilinear", align_corners=False)
        return functional.pixel_unshuffle(smooth, CELL)

    def picture(self, moves: torch.Tensor) -> torch.Tensor:
        return functional.pixel_shuffle(moves, CELL)[:, 0, : self._height, : self._width]


class LatentSpace:
    """The latents of the compact nets: E's of what is brought, added by G."""

    def __init__(self, nets: CompactNets, device: torch.device, dtype: torch.dtype) -> None:
        """Copy the nets to a device, to compute in `dtype`."""
        self.nets = FoldedNets(nets, (0.0, 0.0, 0.0, 0.0), device, dtype)
        self.device, self.dtype = device, dtype

    def coded(self, frame: torch.Tensor, latent: torch.Tensor | None) -> Coded:
        """Return the frame's latents, those that are kept or else its own; see `Space`."""
        return _Latents(self, frame, latent)


def open_latent_space(model: str, device: torch.device, precision: Precision = "auto") -> LatentSpace:
    """Load compact nets, by name or path, to smooth in their latents; raises ModelError for other nets."""
    descriptor = describe(model)
    nets = descriptor.build()
    if not isinstance(nets, CompactNets):
        raise ModelError(
            f"{model} is a {descriptor.architecture.name}, which has no latents to smooth in. Name weights "
            "of triplet-compact, or smooth.model=none."
        )
    return LatentSpace(nets, device, dtype_for(precision, device))


class _Latents:
    def __init__(self, space: LatentSpace, frame: torch.Tensor, latent: torch.Tensor | None) -> None:
        self._space = space
        self._height, self._width = frame.shape
        self._frame = padded(frame[None, None].to(space.device), MULTIPLE)
        self._latent = None if latent is None else latent[None].to(space.device, space.dtype)

    def details(self, changes: torch.Tensor) -> torch.Tensor:
        grown = padded(changes[:, None].to(self._space.device), MULTIPLE)
        latent, details = self._space.nets.encoded(self._frame, grown)
        if self._latent is None:
            self._latent = latent
        return details.float()

    def likeness(self, details: torch.Tensor, sound: torch.Tensor) -> torch.Tensor:
        squares = details.square()
        return squares / _noise(squares, sound, _LEAST_LATENT, share=_MEAN_OF_SQUARE)

    def picture(self, moves: torch.Tensor) -> torch.Tensor:
        assert self._latent is not None, "details are asked for first"
        changes = self._space.nets.changes(self._latent, moves.to(self._space.dtype))
        return changes[:, : self._height, : self._width]


def _noise(squares: torch.Tensor, sound: torch.Tensor, least: float, *, share: float) -> torch.Tensor:
    """Tell the variance of the noise in each channel, (N, C, 1, 1), from `squares` (N, C, h, w).

    Medians over the cells where `sound` (N, h, w) holds; `least` where that is hardly anywhere.
    """
    count, channels, height, width = squares.shape
    every = max(round((height * width / _SAMPLES) ** 0.5), 1)
    values = squares[:, :, ::every, ::every].flatten(2)
    kept = sound[:, ::every, ::every].flatten(1)
    found = squares.new_zeros((count, channels))
    for index in range(count):
        if int(kept[index].sum()) * _FEWEST > kept.shape[1]:
            found[index] = values[index][:, kept[index]].median(dim=1).values
    return (found * share).clamp_min(least**2)[:, :, None, None]
