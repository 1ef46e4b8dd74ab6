import numpy as np
import torch

from reelfix.restoration.optical_flow import estimate_motion
from reelfix.restoration.restore import restore_damage

WHOLE = slice(None)


def panning(count: int = 5, height: int = 96, width: int = 128) -> torch.Tensor:
    """A texture that moves 3 pixels a frame: (T, 1, H, W)."""
    random = np.random.default_rng(4)
    small = torch.from_numpy(random.random((1, 1, 40, 60), np.float32))
    whole = torch.nn.functional.interpolate(small, (height, width + 3 * count), mode="bicubic")[0].clamp(0, 1)
    return torch.stack([whole[:, :, 3 * t : 3 * t + width] for t in range(count)]) * 0.8 + 0.1


def blotched(frames: torch.Tensor, t: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    damaged, mask = frames.clone(), torch.zeros(len(frames), 2, *frames.shape[2:], dtype=torch.uint8)
    damaged[t, :, 40:52, 60:74] = 0.0
    mask[t, 0, 39:53, 59:75] = 200
    return damaged, mask


def test_what_neighbours_show_is_filled_in() -> None:
    clean = panning()
    damaged, mask = blotched(clean)
    result = restore_damage(damaged, mask, estimate_motion(damaged), WHOLE)
    hole = (2, 0, slice(40, 52), slice(60, 74))
    assert (damaged[hole] - clean[hole]).abs().mean() > 0.3
    assert (result[hole] - clean[hole]).abs().mean() < 0.02


def test_outside_the_mask_every_bit_stays() -> None:
    damaged, mask = blotched(panning())
    mask[3, 0, 5:9, 5:9] = 127  # not quite damaged
    result = restore_damage(damaged, mask, estimate_motion(damaged), WHOLE)
    outside = (mask < 128).all(dim=1, keepdim=True)
    assert torch.equal(result[outside], damaged[outside])


def test_a_neighbours_own_dirt_is_not_filled_in() -> None:
    clean = panning()
    damaged, mask = blotched(clean)
    damaged[3, :, 38:54, 50:74] = 1.0
    mask[3, 0, 38:54, 50:74] = 255
    result = restore_damage(damaged, mask, estimate_motion(damaged), WHOLE)
    assert (result[2, 0, 40:52, 60:74] - clean[2, 0, 40:52, 60:74]).abs().mean() < 0.03


def test_the_filling_has_the_light_of_its_place() -> None:
    clean = panning()
    clean[1] *= 0.8
    clean[3] *= 0.85
    damaged, mask = blotched(clean)
    result = restore_damage(damaged, mask, estimate_motion(damaged), WHOLE)
    hole = (2, 0, slice(40, 52), slice(60, 74))
    assert abs(float((result[hole] - clean[hole]).mean())) < 0.012


def test_strength_blends() -> None:
    damaged, mask = blotched(panning())
    motion = estimate_motion(damaged)
    whole = restore_damage(damaged, mask, motion, WHOLE)
    half = restore_damage(damaged, mask, motion, WHOLE, strength=0.5)
    torch.testing.assert_close(half, (damaged + whole) / 2)
    assert torch.equal(restore_damage(damaged, mask, motion, WHOLE, strength=0), damaged)


def test_one_frame_alone_is_drawn_in_from_around() -> None:
    clean = torch.full((1, 3, 40, 50), 0.6)
    damaged, mask = blotched_alone(clean)
    result = restore_damage(damaged, mask, estimate_motion(damaged), WHOLE)
    assert (result - clean).abs().max() < 0.01


def blotched_alone(clean: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    damaged, mask = clean.clone(), torch.zeros(1, 2, 40, 50, dtype=torch.uint8)
    damaged[0, :, 10:16, 10:20] = 0.0
    mask[0, 0, 9:17, 9:21] = 255
    return damaged, mask


def test_the_same_place_of_the_same_frame_gets_the_same_grain() -> None:
    torch.manual_seed(2)
    clean = panning() + 0.02 * torch.randn(5, 1, 96, 128)
    damaged, mask = blotched(clean)
    motion = estimate_motion(damaged)
    whole = restore_damage(damaged, mask, motion, WHOLE, start=7)
    part = restore_damage(damaged[1:], mask[1:], motion[1:], slice(1, 2), start=8)
    other = restore_damage(damaged, mask, motion, slice(2, 3), start=70)
    hole = (slice(None), slice(40, 52), slice(60, 74))
    assert torch.equal(restore_damage(damaged, mask, motion, slice(2, 3), start=7)[0], whole[2])
    assert part.shape == other.shape
    assert not torch.equal(other[0][hole], whole[2][hole])
    fine = other[0] - torch.nn.functional.avg_pool2d(other[0], 3, 1, 1)
    level = float(fine[hole].std() / fine[:, 10:30, 10:118].std())
    assert 0.8 < level < 1.2
