"""The compact nets for given strengths, folded: the picture that `CompactNets` gives, with less to compute.

Every step is a rewrite of `CompactNets.forward` that gives the same but for rounding:

- The bars' directions are one linear layer: at given strengths sums of them are one too, a quarter as wide.
- G(z + moves) - G(z) is not taken as a difference of two pictures, whose rounding in bfloat16 is as coarse as
  fine grain: what becomes of z and how the moves change it go through the layers side by side, and a change
  is rounded as finely as it is small.
- Pixels go to cells, and cells to pixels, in the order in which they lie in memory (channels last).
"""

import copy
from collections.abc import Sequence
from typing import Final, TypeVar

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.one_thread import one_thread
from reelfix.restoration.triplet.blocks import ResidualBlock
from reelfix.restoration.triplet.compact import (
    BARS,
    CELL,
    DAMAGED,
    MULTIPLE,
    NEIGHBOURS,
    CompactNets,
    marked_cells,
)

Net = TypeVar("Net", bound=nn.Module)

_FOUR_PIXELS: Final = {
    torch.bfloat16: torch.int64,
    torch.float16: torch.int64,
    torch.float32: torch.complex128,
}
"""By type of a pixel, a type as large as four of them: a row of a cell is moved as one number."""


class FoldedNets:
    """Encoder, mapping at given strengths, and decoder, on one device, in one type."""

    def __init__(
        self, nets: CompactNets, strengths: Sequence[float], device: torch.device, dtype: torch.dtype
    ) -> None:
        """Copy `nets`; `strengths`: one for each of BARS, see `CompactNets.latents`.

        Raises ValueError for a type that the nets do not compute in, or strengths that are not one for each.
        """
        if dtype not in _FOUR_PIXELS:
            raise ValueError(f"{dtype = } must be one of {', '.join(map(str, _FOUR_PIXELS))}.")
        if len(strengths) != len(BARS):
            raise ValueError(f"{len(strengths)} strengths were given; there must be one for each of {BARS}.")
        self._dtype = dtype
        self._latent = nets.shape.latent
        self._encoder = _taken(nets.encoder, device, dtype)
        self._mapping = _taken(nets.mapping, device, dtype)
        self._decoder = _taken(nets.decoder, device, dtype)
        self._stem = _taken(nets.mapping.stem.plain(), device, dtype)
        everywhere = [
            value * (name in ("denoise", "sharpness")) for name, value in zip(BARS, strengths, strict=True)
        ]
        about_marks = [value * (name == "scratches") for name, value in zip(BARS, strengths, strict=True)]
        self._move, self._mend = (
            _taken(_summed(nets.mapping.directions, along), device, dtype)
            for along in (everywhere, about_marks)
        )
        self._from_sixteenth, self._from_eighth, self._to_half = (
            _taken(_by_pixel(layer), device, dtype)
            for layer in (nets.mapping.from_sixteenth, nets.mapping.from_eighth, nets.decoder.to_half)
        )
        self._seen_width = nets.mapping.stem.in_channels
        self._denoise, self._contrast = (
            float(strengths[BARS.index(name)]) for name in ("denoise", "contrast")
        )

    def seen(
        self,
        frame: torch.Tensor,
        mask: torch.Tensor,
        neighbours: torch.Tensor,
        trust: torch.Tensor,
        denoised: torch.Tensor,
    ) -> torch.Tensor:
        """Lay out what the nets see, (1, C, H / 4, W / 4), C = `Mapping.stem`'s; the latents' place is empty.

        `frame`, `mask`, `denoised`: (1, 1, H, W) float32 in [0, 1]; `neighbours` (1, N, H, W), `trust` (1, N,
        H / 4, W / 4) likewise, on the nets' device, as in `compact.View`. Differences are taken in float32.
        """
        height, width = frame.shape[2] // CELL, frame.shape[3] // CELL
        seen = torch.empty((1, height, width, self._seen_width), dtype=self._dtype, device=frame.device)
        cells = seen.view(_FOUR_PIXELS[self._dtype])[0]  # h x w x (C / 4)
        others = [*neighbours[0], denoised[0, 0]]
        planes = [frame[0, 0] - 0.5, mask[0, 0], *(other - frame[0, 0] for other in others)]
        place = self._latent // CELL
        for plane in planes:
            rows = plane.to(self._dtype).view(cells.dtype).view(height, CELL, width)
            cells[..., place : place + CELL].copy_(rows.permute(0, 2, 1))
            place += CELL
        seen[0, ..., CELL * place :].copy_(trust[0].permute(1, 2, 0))
        return seen.permute(0, 3, 1, 2)

    def latents(
        self,
        seen: torch.Tensor,
        mask: torch.Tensor,
        tones: torch.Tensor | None = None,
        *,
        attend: bool = True,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return latents before the mapping and how they are moved, (1, latent, h, w) each.

        `seen`: that of the method of this name; the latents are filled in. `mask`: (1, 1, H, W). `tones`:
        `View.stretched` less the frame, likewise.
        """
        mapping, cell = self._mapping, CELL * CELL
        frame = seen[:, self._latent : self._latent + cell]
        denoised = seen[:, -NEIGHBOURS - cell : -NEIGHBOURS]
        before, known = self._encoded(frame, denoised)
        seen[:, : self._latent] = before
        fine = _through(mapping.before, self._stem(seen))
        eighth = _through(mapping.eighth, mapping.to_eighth(fine))
        sixteenth = _through(mapping.wide, mapping.to_sixteenth(eighth))
        if attend:
            damaged = functional.avg_pool2d(mask, MULTIPLE) > DAMAGED
            if damaged.any():
                with one_thread():
                    sixteenth = sixteenth + damaged * mapping.nonlocal_block(sixteenth, damaged)
        sixteenth = _through(mapping.filled, _last(sixteenth))
        eighth += _to_pixels(self._from_sixteenth(sixteenth))
        fine += _to_pixels(self._from_eighth(eighth))
        features = _through(mapping.after, fine)
        move = self._move(features).add_(known, alpha=self._denoise)
        marked = marked_cells(mask)
        if marked.any():
            move.addcmul_(self._mend(features), marked.to(self._dtype))
        if tones is not None and self._contrast > 0:
            _, known = self._encoded(frame, functional.pixel_unshuffle(tones, CELL).to(self._dtype))
            move.add_(known, alpha=self._contrast)
        return before, move

    def encoded(self, frame: torch.Tensor, changes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the latents (1, latent, h, w) of a frame, and how they change with it, (N, latent, h, w).

        `frame`: (1, 1, H, W) float32 in [0, 1], sizes multiples of CELL; `changes`: (N, 1, H, W), what is to
        be added to it.
        """
        cells = functional.pixel_unshuffle(torch.cat([frame - 0.5, changes]).to(self._dtype), CELL)
        return self._encoded(cells[:1], cells[1:])

    def _encoded(self, frame: torch.Tensor, change: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents of a frame's cells, (1, 16, h, w), and how they change with the cells (N, 16, h, w)."""
        encoder = self._encoder
        both = _linear(encoder.stem, _last(torch.cat([frame, change])))
        both = _linear(encoder.mean, _blocks(encoder.body, both))
        return both[:1], both[1:]

    def change(self, before: torch.Tensor, move: torch.Tensor) -> torch.Tensor:
        """Return G(before + move) - G(before), float32 (H, W)."""
        return self.changes(before, move)[0]

    def changes(self, before: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
        """Return G(before + move) - G(before) of each of several moves (N, latent, h, w): float32 (N, H, W).

        `before`: (1, latent, h, w), of the nets' type as the moves.
        """
        decoder = self._decoder
        both = _blocks(decoder.body, _linear(decoder.stem, _last(torch.cat([before, moves]))))
        half = _to_pixels(_linear(self._to_half, both))
        features = _rectified(_linear(decoder.at_half, half))
        change = functional.conv2d(features[1:], decoder.out.weight, padding=1)
        return functional.pixel_shuffle(change, 2)[:, 0].float()


def _taken(net: Net, device: torch.device, dtype: torch.dtype) -> Net:
    """A copy of a net, to infer with."""
    taken = copy.deepcopy(net).eval().requires_grad_(False)
    return taken.to(device, dtype).to(memory_format=torch.channels_last)


def _summed(directions: nn.Conv2d, strengths: Sequence[float]) -> nn.Conv2d:
    """The layer that gives the sum of all directions, each times its bar's strength."""
    along = torch.tensor(strengths, dtype=torch.float64)
    channels = directions.out_channels // len(along)
    summed = nn.Conv2d(directions.in_channels, channels, 1)
    for ours, theirs in ((summed.weight, directions.weight), (summed.bias, directions.bias)):
        assert ours is not None
        assert theirs is not None
        parts = theirs.detach().to("cpu", torch.float64).reshape(len(along), channels, *theirs.shape[1:])
        ours.data = torch.tensordot(along, parts, 1).float()
    return summed


def _by_pixel(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer before a pixel shuffle by 2, its channels sorted by the pixel they go to."""
    channels = layer.out_channels // 4
    order = torch.arange(layer.out_channels).view(channels, 4).T.flatten()
    turned = copy.deepcopy(layer)
    for values in turned.parameters():
        values.data = values.detach()[order.to(values.device)]
    return turned


def _to_pixels(features: torch.Tensor) -> torch.Tensor:
    """Shuffle (B, 4 C, h, w), channels sorted by pixel, to (B, C, 2 h, 2 w); channels last, as they lie."""
    batch, channels, height, width = features.shape
    rows = features.permute(0, 2, 3, 1).reshape(batch, height, width, 2, channels // 2)
    return rows.transpose(2, 3).reshape(batch, 2 * height, 2 * width, channels // 4).permute(0, 3, 1, 2)


def _through(blocks: nn.Sequential, features: torch.Tensor) -> torch.Tensor:
    """Residual blocks, one after the other, in place: `features` become the result."""
    for block in blocks:
        assert isinstance(block, ResidualBlock)
        features += block.second(functional.relu_(block.first(features)))
    return features


def _blocks(blocks: nn.Sequential, both: torch.Tensor) -> torch.Tensor:
    """Residual blocks over features and their changes, (1 + N, C, h, w), in place."""
    for block in blocks:
        assert isinstance(block, ResidualBlock)
        both += _linear(block.second, _rectified(_linear(block.first, both)))
    return both


def _linear(layer: nn.Conv2d, both: torch.Tensor) -> torch.Tensor:
    """A layer over features and their changes, (1 + N, C, h, w): only the features meet its bias."""
    assert layer.bias is not None
    result = functional.conv2d(both, layer.weight, padding=layer.padding)
    result[:1] += layer.bias[:, None, None]
    return result


def _rectified(both: torch.Tensor) -> torch.Tensor:
    """Rectify features x, and bring their change d to max(x + d, 0) - max(x, 0); in place.

    That is max(d, -x) + min(x, 0), where nothing large is subtracted from its like.
    """
    features, change = both[:1], both[1:]
    torch.maximum(change, -features, out=change).add_(features.clamp(max=0))
    functional.relu_(features)
    return both


def _last(features: torch.Tensor) -> torch.Tensor:
    return features.contiguous(memory_format=torch.channels_last)
