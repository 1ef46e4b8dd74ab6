"""A net over a picture too large for it: overlapping tiles, blended by smooth windows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

Net = Callable[..., torch.Tensor]
"""Takes tensors (B, C_i, h, w), returns (B, C, scale h, scale w); what it makes of a place depends on near
places alone."""


@dataclass(frozen=True)
class Span:
    """A tile along one axis: the half-open range of pixels that the net sees."""

    start: int
    stop: int


def tiled(
    net: Net,
    inputs: Sequence[torch.Tensor],
    tile: int,
    overlap: int,
    *,
    multiple: int = 1,
    scale: int = 1,
) -> torch.Tensor:
    """Return net(*inputs), computed in square tiles of `tile` pixels that share `overlap` with each other.

    `inputs`: (B, C_i, H, W), of any dtype, all of one size; the result is (B, C, scale H, scale W), of the
    dtype and on the device that the net gives. A picture no larger than a tile goes through whole. Tiles
    begin at multiples of `multiple`: give the net's own stride, and its grid stays where it is without tiles.

    Across what two tiles share, the outer third of each counts nothing, then a raised cosine leads from one
    to the other. So a net whose receptive field is no wider than two thirds of `overlap` gives the untiled
    picture, but for rounding. A net that takes means of its whole input (instance norm, attention) takes them
    of a tile: there the overlap hides the seam, but it is not the untiled picture.

    Where the device runs out of memory, tiles are halved and all is begun anew; the error is raised again
    when a tile would come down to twice the overlap. Raises ValueError for sizes that do not go together.
    """
    height, width = _size(inputs)
    _check(tile, overlap, multiple)
    while True:
        try:
            return _run(
                net,
                inputs,
                spans(height, tile, overlap, multiple),
                spans(width, tile, overlap, multiple),
                scale,
                overlap,
            )
        except torch.OutOfMemoryError:
            smaller = min(tile, max(height, width)) // 2 // multiple * multiple
            if smaller <= 2 * overlap:
                raise
        # Out here the traceback, and with it what the net held, is gone.
        tile = smaller
        if inputs[0].is_cuda:
            torch.cuda.empty_cache()


def tile_for(memory_bytes: int, bytes_per_pixel: float, *, multiple: int = 1, overlap: int = 0) -> int:
    """Return the side of the largest square tile that a net may see at once within `memory_bytes`.

    `bytes_per_pixel`: what the net holds at its worst, a pixel of its input: see its descriptor. Never below
    what an overlap needs, two overlaps and one multiple: so little memory shows as an error of the device.
    """
    side = math.isqrt(max(0, int(memory_bytes / bytes_per_pixel))) // multiple * multiple
    least = (2 * overlap // multiple + 1) * multiple
    return max(side, least)


def spans(length: int, tile: int, overlap: int, multiple: int = 1) -> list[Span]:
    """Cover `length` pixels with the fewest tiles, evenly spread, that share `overlap` or more.

    Tiles begin at multiples of `multiple` and have `tile` pixels; the last one may lack the few beyond the
    end, one tile alone all of them.
    """
    if length <= tile:
        return [Span(0, length)]
    last = -(-(length - tile) // multiple) * multiple
    count = -(-last // (tile - overlap - multiple + 1)) + 1
    starts = [last * index // (count - 1) // multiple * multiple for index in range(count)]
    return [Span(start, min(start + tile, length)) for start in starts]


def windows(tiles: Sequence[Span], overlap: int) -> list[torch.Tensor]:
    """Return each tile's weights along its axis, float32 (stop - start,): at every pixel they sum to 1."""
    length = tiles[-1].stop
    raw = torch.zeros(len(tiles), length, dtype=torch.float64)
    for index, tile in enumerate(tiles):
        places = torch.arange(tile.start, tile.stop, dtype=torch.float64) + 0.5
        window = torch.ones_like(places)
        if index > 0:
            window = window * _ramp((places - tile.start) / overlap)
        if index < len(tiles) - 1:
            window = window * _ramp((tile.stop - places) / overlap)
        raw[index, tile.start : tile.stop] = window
    shares = (raw / raw.sum(dim=0)).float()
    return [shares[index, tile.start : tile.stop] for index, tile in enumerate(tiles)]


def _ramp(place: torch.Tensor) -> torch.Tensor:
    """0 over the first third of the overlap, 1 from its last third on, half a cosine between."""
    return 0.5 - 0.5 * torch.cos(math.pi * (3.0 * place - 1.0).clamp(0.0, 1.0))


def _run(
    net: Net, inputs: Sequence[torch.Tensor], rows: list[Span], columns: list[Span], scale: int, overlap: int
) -> torch.Tensor:
    """Every tile through the net, laid over each other by weight."""
    if len(rows) == len(columns) == 1:
        return net(*inputs)
    height, width = rows[-1].stop, columns[-1].stop
    total: torch.Tensor | None = None
    dtype = inputs[0].dtype
    across = [window.repeat_interleave(scale) for window in windows(columns, overlap)]
    for row, down in zip(rows, windows(rows, overlap), strict=True):
        for column, along in zip(columns, across, strict=True):
            part = net(*(x[..., row.start : row.stop, column.start : column.stop] for x in inputs))
            dtype = part.dtype
            weight = (down.repeat_interleave(scale)[:, None] * along).to(part.device)
            if weight.shape != part.shape[-2:]:
                raise ValueError(
                    f"a tile of {tuple(part.shape[-2:])} came back; it must be {tuple(weight.shape)}"
                )
            if total is None:
                total = part.new_zeros(*part.shape[:-2], scale * height, scale * width, dtype=torch.float32)
            total[..., scale * row.start : scale * row.stop, scale * column.start : scale * column.stop] += (
                weight * part.float()
            )
    assert total is not None
    return total.to(dtype)


def _size(inputs: Sequence[torch.Tensor]) -> tuple[int, int]:
    """Height and width, of all inputs the same."""
    sizes = {(tensor.shape[-2], tensor.shape[-1]) for tensor in inputs}
    if len(sizes) != 1:
        raise ValueError(f"inputs are of the sizes {sorted(sizes)}; they must be of one.")
    return sizes.pop()


def _check(tile: int, overlap: int, multiple: int) -> None:
    """Refuse a tile that its overlaps would fill."""
    if tile % multiple:
        raise ValueError(f"{tile = } must be a multiple of {multiple}.")
    if not 0 < 2 * overlap < tile - multiple + 1:
        raise ValueError(f"{overlap = } must be above 0 and below half of {tile = }.")
