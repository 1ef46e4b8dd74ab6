from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from reelfix.restoration.fusion import Reach
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion
from reelfix.restoration.smooth import CARRIED, Smoother
from reelfix.restoration.smooth_space import LatentSpace, PixelSpace, Space
from reelfix.restoration.triplet.compact import CompactNets, CompactShape

CPU = torch.device("cpu")
HEIGHT, WIDTH = 64, 96


def nets() -> CompactNets:
    """Nets as training begins with them: all but lossless."""
    torch.manual_seed(0)
    return CompactNets(CompactShape(width=8, blocks=2, coarse=8, coarse_blocks=1))


@pytest.fixture(params=["pixels", "latents"])
def space(request: pytest.FixtureRequest) -> Space:
    return PixelSpace() if request.param == "pixels" else LatentSpace(nets(), CPU, torch.float32)


def texture(height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> torch.Tensor:
    """A picture (H, W) with detail of every size, in about [0.2, 0.8]."""
    random = torch.Generator().manual_seed(seed)
    parts = [
        functional.interpolate(
            torch.rand(1, 1, height // cell + 2, width // cell + 2, generator=random),
            size=(height, width),
            mode="bicubic",
        )
        for cell in (2, 4, 8, 16)
    ]
    return (0.2 + 0.6 * torch.stack(parts).mean(dim=0)[0, 0]).clamp(0, 1)


def still_motion(count: int, height: int = HEIGHT, width: int = WIDTH) -> Motion:
    grid = (count, 1, -(-height // 2), -(-width // 2))
    flow, sure = torch.zeros(grid).expand(-1, 2, -1, -1), torch.ones(grid)
    forward, backward = sure.clone(), sure.clone()
    forward[-1], backward[0] = 0, 0
    return Motion(flow, flow, forward, backward)


def noisy(clean: torch.Tensor, deviation: float, seed: int = 1) -> torch.Tensor:
    """Noise in clumps, as restoring leaves it, on (T, 1, H, W)."""
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    noise = functional.avg_pool2d(noise, 3, stride=1, padding=1) * 3 * deviation
    return (clean + noise).clamp(0, 1)


def smoothed(
    space: Space, frames: torch.Tensor, motion: Motion | None = None, **options: Any
) -> torch.Tensor:
    smoother = Smoother(space, reach=Reach(4.0, 3), **options)
    found, _ = smoother.smooth(frames, motion or estimate_motion(frames), slice(0, len(frames)), {})
    return found


def deviation(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first - second).square().mean().sqrt())


def sharpness(frames: torch.Tensor) -> float:
    """Mean steepness of frames (..., H, W)."""
    across, down = frames.diff(dim=-1)[..., :-1, :], frames.diff(dim=-2)[..., :-1]
    return float(torch.hypot(across, down).mean())


def test_noise_of_a_still_scene_goes_and_its_detail_stays(space: Space) -> None:
    clean = texture().expand(10, 1, -1, -1)
    frames = noisy(clean, 0.004)
    found = smoothed(space, frames, still_motion(10))
    assert deviation(found, clean) < 0.55 * deviation(frames, clean)
    assert deviation(found[1:], found[:-1]) < 0.4 * deviation(frames[1:], frames[:-1])
    assert sharpness(found) == pytest.approx(sharpness(clean), rel=0.02)


def test_a_clean_still_scene_keeps_its_sharpness(space: Space) -> None:
    clean = texture().expand(6, 1, -1, -1)
    found = smoothed(space, clean, still_motion(6))
    assert deviation(found, clean) < 5e-4


def test_detail_survives_motion_by_parts_of_a_pixel(space: Space) -> None:
    wide = texture(2 * HEIGHT, 4 * WIDTH)
    frames = torch.stack(
        [functional.avg_pool2d(wide[None, None, :, 3 * t : 3 * t + 2 * WIDTH], 2)[0] for t in range(12)]
    )
    found = smoothed(space, frames)
    inner = (..., slice(8, -8), slice(8, -24))
    assert sharpness(found[inner]) == pytest.approx(sharpness(frames[inner]), rel=0.02)
    assert deviation(found[inner], frames[inner]) < 0.006


def moving_square(step: int, count: int = 10) -> tuple[torch.Tensor, torch.Tensor]:
    """A textured square that goes over a texture; and where it has been or will be, but is not."""
    ground, thing = texture(), 1.1 - texture(20, 20, seed=3)
    frames, trails = [], []
    for t in range(count):
        frame, trail = ground.clone(), torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
        for other in range(count):
            trail[22:42, 4 + step * other : 24 + step * other] = True
        frame[22:42, 4 + step * t : 24 + step * t] = thing
        trail[21:43, 3 + step * t : 25 + step * t] = False
        frames.append(frame)
        trails.append(trail)
    return torch.stack(frames)[:, None].clamp(0, 1), torch.stack(trails)[:, None]


@pytest.mark.parametrize("step", [2, 5])
def test_no_trail_behind_what_moves_and_no_ghost_where_it_hides_something(space: Space, step: int) -> None:
    clean, trails = moving_square(step)
    frames = noisy(clean, 0.003)
    apart = (smoothed(space, frames) - clean).abs()
    assert float(apart[trails].mean()) < 0.004
    assert float(apart[trails].max()) < 0.06
    assert float(apart.mean()) < float((frames - clean).abs().mean())


def test_what_flashes_up_for_one_frame_is_not_spread_over_others(space: Space) -> None:
    clean = texture().expand(8, 1, -1, -1).clone()
    clean[4, :, 20:40, 30:60] = 0.95
    found = smoothed(space, clean, still_motion(8))
    others = [t for t in range(8) if t != 4]
    for kept in (others, [4]):
        apart = (found[kept] - clean[kept]).abs()
        assert float(apart.max()) < 0.02
        assert float(apart.mean()) < 1e-3


def test_another_light_is_no_flicker(space: Space) -> None:
    clean = torch.cat([texture().expand(5, 1, -1, -1), 0.8 * texture().expand(5, 1, -1, -1)])
    found = smoothed(space, clean, still_motion(10))
    assert deviation(found, clean) < 0.004


def test_light_that_flickers_a_little_is_held(space: Space) -> None:
    gains = 1 + 0.012 * torch.tensor([1.0, -1, 1, -1, -1, 1, -1, 1, 1, -1])
    frames = texture() * gains[:, None, None, None]
    found = smoothed(space, frames, still_motion(10))
    levels, before = found.mean(dim=(1, 2, 3)), frames.mean(dim=(1, 2, 3))
    assert float(levels.diff().abs().mean()) < 0.4 * float(before.diff().abs().mean())


def test_nothing_comes_from_where_the_motion_cannot_be_trusted_and_the_picture_differs(space: Space) -> None:
    first, second = texture(seed=5), texture(seed=6)
    frames = torch.stack([first] * 4 + [second] * 4)[:, None]
    motion = still_motion(8)
    motion.forward_confidence[3], motion.backward_confidence[4] = 0, 0
    found = smoothed(space, frames, motion)
    assert float((found - frames).abs().mean()) < 0.004


def test_a_cut_that_nobody_found_is_not_smoothed_over(space: Space) -> None:
    scenes = [texture(seed=seed) for seed in (0, 5)]
    frames = noisy(torch.stack([scenes[t // 3] for t in range(6)])[:, None], 0.01)
    still = still_motion(6)
    forward, backward = still.forward_confidence.clone(), still.backward_confidence.clone()
    forward[2], backward[3] = 0.12, 0.12  # what is left of it at a cut of real film
    motion = Motion(still.forward, still.backward, forward, backward)
    apart = [smoothed(space, frames[part], still_motion(3)) for part in (slice(0, 3), slice(3, 6))]
    torch.testing.assert_close(smoothed(space, frames, motion), torch.cat(apart), atol=2e-3, rtol=0)


def test_grain_is_kept_unless_it_is_to_go(space: Space) -> None:
    clean = texture().expand(8, 1, -1, -1)
    grain = torch.randn(clean.shape, generator=torch.Generator().manual_seed(2)) * 0.03
    frames = (clean + grain).clamp(0, 1)
    motion = still_motion(8)

    def grain_of(found: torch.Tensor) -> float:
        return deviation(found, clean)

    kept = smoothed(space, frames, motion)
    assert grain_of(kept) > 0.9 * grain_of(frames)
    # What is left must not stay where it is from frame to frame: that crawls.
    left = kept - clean
    alike = float((left[1:] * left[:-1]).mean() / left.square().mean())
    assert alike < 0.1
    assert grain_of(smoothed(space, frames, motion, keeps_grain=False)) < 0.6 * grain_of(frames)


def test_strength_is_the_share_of_the_change(space: Space) -> None:
    frames = noisy(texture().expand(5, 1, -1, -1), 0.004)
    motion = still_motion(5)
    whole, half = (smoothed(space, frames, motion, strength=strength) for strength in (1.0, 0.5))
    torch.testing.assert_close(half - frames, (whole - frames) / 2, atol=1e-6, rtol=0)


def test_colours_stay(space: Space) -> None:
    gray = noisy(texture().expand(5, 1, -1, -1), 0.004)
    frames = gray * 0.8 + torch.tensor([0.1, 0.0, 0.05])[:, None, None]
    found = smoothed(space, frames, still_motion(5))
    change = found - frames
    assert float(change.abs().max()) > 0.002
    torch.testing.assert_close(change, change[:, :1].expand(-1, 3, -1, -1), atol=1e-6, rtol=0)


def in_parts(smoother: Smoother, frames: torch.Tensor, motion: Motion, size: int, ahead: int) -> torch.Tensor:
    carried: Mapping[str, torch.Tensor] = {}
    parts = []
    for start in range(0, len(frames), size):
        first, stop = max(start - ahead, 0), min(start + size, len(frames))
        seen = slice(first, min(stop + ahead, len(frames)))
        part, carried = smoother.smooth(
            frames[seen], motion[seen], slice(start - first, stop - first), carried
        )
        parts.append(part)
    return torch.cat(parts)


def test_the_bytes_do_not_depend_on_windows(space: Space) -> None:
    clean, _ = moving_square(3)
    frames = noisy(clean, 0.004)
    motion = estimate_motion(frames)
    smoother = Smoother(space, reach=Reach(4.0, 3))
    whole = in_parts(smoother, frames, motion, len(frames), 3)
    for size in (1, 4):
        assert torch.equal(in_parts(smoother, frames, motion, size, 3), whole)


@pytest.mark.parametrize(("height", "width"), [(17, 31), (16, 200), (35, 19)])
def test_every_size(space: Space, height: int, width: int) -> None:
    clean = texture(height, width).expand(4, 1, -1, -1)
    frames = noisy(clean, 0.004)
    smoother = Smoother(space)
    found, carried = smoother.smooth(frames, still_motion(4, height, width), slice(1, 3), {})
    assert found.shape == (2, 1, height, width)
    assert deviation(found, clean[1:3]) < deviation(frames[1:3], clean[1:3])
    assert tuple(carried) == CARRIED
    assert carried[CARRIED[0]].shape == (height, width)
    assert np.isfinite(carried[CARRIED[1]].numpy()).all()


def test_kept_latents_are_those_of_the_frames() -> None:
    frames = noisy(texture().expand(4, 1, -1, -1), 0.004)
    net = nets()
    with torch.no_grad():
        latents = net.encoder(frames).half()
    smoother = Smoother(LatentSpace(net, CPU, torch.float32))
    own, _ = smoother.smooth(frames, still_motion(4), slice(0, 4), {})
    kept, _ = smoother.smooth(frames, still_motion(4), slice(0, 4), {}, latents)
    assert deviation(own, frames) > 1e-3
    assert deviation(own, kept) < 2e-5
