from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch.nn import functional

from reelfix.restoration.colour.chroma import rgb_from_chroma
from reelfix.restoration.fusion import Reach
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion
from reelfix.restoration.smooth_chroma import CARRIED, ChromaSmoother

HEIGHT, WIDTH = 48, 80
WEIGHTS = (0.299, 0.114)


def texture(seed: int = 0) -> torch.Tensor:
    """A picture (H, W) with detail of several sizes, in [0.3, 0.7]."""
    random = torch.Generator().manual_seed(seed)
    parts = [
        functional.interpolate(
            torch.rand(1, 1, HEIGHT // cell + 2, WIDTH // cell + 2, generator=random),
            size=(HEIGHT, WIDTH),
            mode="bicubic",
        )
        for cell in (3, 6, 12)
    ]
    return (0.3 + 0.4 * torch.stack(parts).mean(dim=0)[0, 0]).clamp(0.3, 0.7)


def still_motion(count: int) -> Motion:
    grid = (count, 1, HEIGHT // 2, WIDTH // 2)
    flow, sure = torch.zeros(grid).expand(-1, 2, -1, -1), torch.ones(grid)
    forward, backward = sure.clone(), sure.clone()
    forward[-1], backward[0] = 0, 0
    return Motion(flow, flow, forward, backward)


def even(blue: float, red: float, count: int) -> torch.Tensor:
    return torch.tensor([blue, red])[:, None, None].expand(count, 2, HEIGHT, WIDTH).clone()


def fluttering(chroma: torch.Tensor, deviation: float, seed: int = 1) -> torch.Tensor:
    """Broad stains, others in every frame."""
    random = torch.Generator().manual_seed(seed)
    stains = torch.randn(len(chroma), 2, HEIGHT // 12, WIDTH // 12, generator=random) * deviation
    return chroma + functional.interpolate(stains, size=(HEIGHT, WIDTH), mode="bicubic")


def smoothed(
    frames: torch.Tensor, chroma: torch.Tensor, motion: Motion | None = None, **options: Any
) -> torch.Tensor:
    smoother = ChromaSmoother(**options)
    found, _ = smoother.smooth(frames, chroma, motion or estimate_motion(frames), slice(0, len(frames)), {})
    return found


def moving_square(step: int, count: int = 10) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A red square over a green ground: frames, chroma, and where it has been or will be, but is not."""
    ground, thing = texture(), 1.0 - texture(seed=3)[:18, :18]
    frames, chroma = ground.expand(count, 1, -1, -1).clone(), even(-0.1, -0.1, count)
    trails = torch.zeros(count, HEIGHT, WIDTH, dtype=torch.bool)
    for t in range(count):
        here = slice(4 + step * t, 22 + step * t)
        frames[t, 0, 14:32, here] = thing
        chroma[t, :, 14:32, here] = torch.tensor([-0.05, 0.2])[:, None, None]
        trails[:, 14:32, here] = True
    for t in range(count):
        trails[t, 13:33, 3 + step * t : 23 + step * t] = False
    return frames, chroma, trails[:, None].expand(-1, 2, -1, -1)


def test_flutter_goes_and_the_colour_stays() -> None:
    frames, true = texture().expand(12, 1, -1, -1), even(0.08, -0.1, 12)
    chroma = fluttering(true, 0.015)
    found = smoothed(frames, chroma, still_motion(12))
    assert float(found.diff(dim=0).abs().mean()) < 0.15 * float(chroma.diff(dim=0).abs().mean())
    assert float((found - true).abs().mean()) < 0.6 * float((chroma - true).abs().mean())


def test_flutter_goes_along_the_motion() -> None:
    wide = functional.interpolate(texture()[None, None], scale_factor=2, mode="bicubic")[0]
    frames = torch.stack([wide[:, 20:68, 3 * t : 3 * t + 80] for t in range(12)])
    chroma = fluttering(even(0.05, 0.05, 12), 0.015)
    found = smoothed(frames, chroma)
    inner = (slice(2, -2), slice(None), slice(8, -8), slice(8, -40))
    assert float((found - 0.05)[inner].abs().mean()) < 0.6 * float((chroma - 0.05)[inner].abs().mean())


def test_a_colour_of_one_frame_alone_gives_way_to_that_of_the_others() -> None:
    frames, chroma = texture().expand(9, 1, -1, -1), even(0.05, 0.05, 9)
    chroma[4, :, 10:30, 20:50] = torch.tensor([-0.15, 0.2])[:, None, None]
    found = smoothed(frames, chroma, still_motion(9))
    apart = (found - 0.05).abs()
    assert float(apart[4, :, 13:27, 23:47].max()) < 0.01
    assert float(apart[[3, 5]].max()) < 0.01
    assert float(apart.mean()) < 1e-3


@pytest.mark.parametrize("step", [2, 4])
def test_no_trail_behind_what_moves(step: int) -> None:
    frames, chroma, trails = moving_square(step)
    apart = (smoothed(frames, chroma) - chroma).abs()
    assert float(apart[trails].mean()) < 0.003
    assert float(apart.mean()) < 0.003
    assert float(apart[trails].quantile(0.99)) < 0.04


def test_colours_end_where_the_tones_do() -> None:
    frames = torch.full((8, 1, HEIGHT, WIDTH), 0.3)
    frames[..., 41:] = 0.6
    chroma = even(0.0, 0.0, 8)
    # The left side flutters, the right one has no colour.
    chroma[:, :, :, :41] = 0.06 + 0.03 * torch.tensor([1.0, -1] * 4)[:, None, None, None]
    found = smoothed(frames, chroma, still_motion(8))
    assert float(found[3:, ..., :38].diff(dim=0).abs().max()) < 0.015
    assert float(found[..., 43:].abs().max()) < 1e-3
    assert float(found[..., 40].mean()) > 0.045


@pytest.mark.parametrize("is_found", [True, False])
def test_nothing_is_carried_over_a_cut_that_nobody_found(is_found: bool) -> None:
    frames = torch.stack([texture(0)] * 4 + [texture(5)] * 4)[:, None]
    chroma = torch.cat([even(0.05, 0.05, 4), even(0.0, -0.05, 4)])
    still = still_motion(8)
    # What is left of it at a cut of real film.
    still.forward_confidence[3], still.backward_confidence[4] = 0.12, 0.12
    if is_found:
        still.forward_confidence[3], still.backward_confidence[4] = 0, 0
    torch.testing.assert_close(smoothed(frames, chroma, still), chroma, atol=2e-4, rtol=0)


def test_what_was_filmed_stays_to_the_bit() -> None:
    rgb = torch.rand(6, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3))
    luma = 0.299 * rgb[:, :1] + 0.587 * rgb[:, 1:2] + 0.114 * rgb[:, 2:]
    own = torch.cat([rgb[:, 2:] - luma, rgb[:, :1] - luma], dim=1)
    assert torch.equal(smoothed(rgb, own, still_motion(6)), own)
    assert not torch.equal(smoothed(rgb, own * 0.5, still_motion(6)), own * 0.5)
    none = torch.zeros(6, 2, HEIGHT, WIDTH)
    assert torch.equal(smoothed(luma, none, still_motion(6)), none)


def test_nothing_leaves_the_gamut() -> None:
    frames = texture().expand(8, 1, -1, -1).clone()
    chroma = even(0.25, 0.25, 8)
    frames[5], chroma[5] = 0.98, 0.0
    motion = still_motion(8)
    found = smoothed(frames, chroma, motion)
    rgb = rgb_from_chroma(frames, found, *WEIGHTS)
    assert float(rgb.min()) > -1e-5
    assert float(rgb.max()) < 1 + 1e-5


def test_strength_is_the_share_of_the_change() -> None:
    frames = texture().expand(5, 1, -1, -1)
    chroma = fluttering(even(0.05, 0.05, 5), 0.01)
    whole, half = (smoothed(frames, chroma, still_motion(5), strength=share) for share in (1.0, 0.5))
    torch.testing.assert_close(half - chroma, (whole - chroma) / 2, atol=1e-6, rtol=0)


def in_parts(
    smoother: ChromaSmoother, frames: torch.Tensor, chroma: torch.Tensor, motion: Motion, size: int
) -> torch.Tensor:
    carried: Mapping[str, torch.Tensor] = {}
    parts = []
    for start in range(0, len(frames), size):
        first, stop = max(start - 3, 0), min(start + size, len(frames))
        seen = slice(first, min(stop + 3, len(frames)))
        part, carried = smoother.smooth(
            frames[seen], chroma[seen], motion[seen], slice(start - first, stop - first), carried
        )
        parts.append(part)
    return torch.cat(parts)


def test_the_bytes_do_not_depend_on_windows() -> None:
    frames, chroma, _ = moving_square(3)
    chroma, motion = fluttering(chroma, 0.01), estimate_motion(frames)
    smoother = ChromaSmoother(reach=Reach(8.0, 3))
    whole = in_parts(smoother, frames, chroma, motion, len(frames))
    for size in (1, 4):
        assert torch.equal(in_parts(smoother, frames, chroma, motion, size), whole)


def test_what_is_carried_has_half_the_size() -> None:
    frames, chroma = texture().expand(3, 1, -1, -1)[..., :47, :79], even(0.05, 0.05, 3)[..., :47, :79]
    found, carried = ChromaSmoother().smooth(frames, chroma, still_motion(3), slice(0, 3), {})
    assert found.shape == chroma.shape
    assert tuple(carried) == CARRIED
    assert carried[CARRIED[0]].shape == (2, 24, 40)
    assert float(carried[CARRIED[1]].mean()) == pytest.approx(3, abs=0.1)
