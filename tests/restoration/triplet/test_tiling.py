"""Tiles: the untiled picture where the overlap is wide enough, no seam where it is not."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from reelfix.restoration.triplet.tiling import spans, tile_for, tiled, windows


def _net(layers: int, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    parts: list[nn.Module] = []
    for _ in range(layers):
        parts += [nn.Conv2d(2, 2, 3, padding=1), nn.Tanh()]
    return nn.Sequential(*parts)


def _picture(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 2, height, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("length", "tile", "overlap", "multiple"), [(10, 16, 4, 1), (100, 32, 8, 4), (101, 32, 9, 4)]
)
def test_spans_cover_and_overlap_on_the_grid(length: int, tile: int, overlap: int, multiple: int) -> None:
    tiles = spans(length, tile, overlap, multiple)
    assert tiles[0].start == 0
    assert tiles[-1].stop == length
    assert all(span.start % multiple == 0 and span.stop - span.start <= tile for span in tiles)
    assert all(left.stop - right.start >= overlap for left, right in pairwise(tiles))
    total = torch.zeros(length)
    for span, window in zip(tiles, windows(tiles, overlap), strict=True):
        total[span.start : span.stop] += window
    assert torch.allclose(total, torch.ones(length), atol=1e-6)


@torch.no_grad()
def test_equals_the_untiled_picture_where_the_overlap_covers_the_receptive_field() -> None:
    net, picture = _net(3), _picture(61, 83)
    assert torch.allclose(tiled(net, [picture], 32, 12), net(picture), atol=1e-6)


@torch.no_grad()
def test_strided_nets_keep_their_grid() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 4, 4), nn.ConvTranspose2d(4, 2, 4, 4))
    picture = _picture(64, 96)
    assert torch.allclose(tiled(net, [picture], 32, 8, multiple=4), net(picture), atol=1e-6)


@torch.no_grad()
def test_larger_pictures_may_come_out() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.PixelShuffle(2))
    picture = _picture(40, 50)
    assert torch.allclose(tiled(net, [picture], 20, 8, scale=2), net(picture), atol=1e-6)


@torch.no_grad()
def test_no_seam_though_the_net_sees_farther_than_the_overlap() -> None:
    # Instance norm takes its means of the whole tile: no overlap makes that equal.
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 8, 5, padding=2), nn.InstanceNorm2d(8), nn.Tanh(), nn.Conv2d(8, 2, 1))
    ramp = torch.linspace(0, 1, 160).expand(1, 2, 120, 160) + 0.2 * _picture(120, 160)
    whole = net(ramp)
    hard = torch.cat([net(ramp[..., :80]), net(ramp[..., 80:])], dim=-1)
    borders = {edge for span in spans(160, 64, 24) for edge in (span.start, span.stop)} - {0, 160}
    assert max(_seam(tiled(net, [ramp], 64, 24) - whole, edge) for edge in borders) < 1.3
    assert _seam(hard - whole, 80) > 2.5


def _seam(error: torch.Tensor, edge: int) -> float:
    """Step from one column to the next at a tile's edge, as a multiple of the steps beside it."""
    steps = error.diff(dim=-1).abs().mean(dim=(0, 1, 2))
    beside = torch.cat([steps[edge - 9 : edge - 3], steps[edge + 2 : edge + 8]])
    return float(steps[edge - 2 : edge + 1].max() / beside.mean())


def test_tiles_are_halved_where_memory_runs_out() -> None:
    seen: list[int] = []

    def hungry(picture: torch.Tensor) -> torch.Tensor:
        seen.append(picture.shape[-1])
        if picture.shape[-1] > 20:
            raise torch.OutOfMemoryError("no memory")
        return picture * 2

    picture = _picture(50, 64)
    assert torch.allclose(tiled(hungry, [picture], 64, 4), picture * 2, atol=1e-6)
    assert seen[:2] == [64, 32]
    assert set(seen[2:]) == {16}


def test_memory_that_never_suffices_is_an_error() -> None:
    def starving(picture: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("no memory")

    with pytest.raises(torch.OutOfMemoryError):
        tiled(starving, [_picture(50, 64)], 64, 4)


def test_tile_for_a_budget() -> None:
    side = tile_for(10_000_000, 1000.0, multiple=4)
    assert side % 4 == 0
    assert side**2 * 1000 <= 10_000_000 < (side + 4) ** 2 * 1000
    assert tile_for(1, 1000.0, multiple=4, overlap=8) == 20


def test_an_overlap_of_half_a_tile_is_refused() -> None:
    with pytest.raises(ValueError, match="below half"):
        tiled(lambda picture: picture, [_picture(8, 8)], 8, 4)
