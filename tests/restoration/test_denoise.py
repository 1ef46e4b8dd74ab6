import cv2
import numpy as np
import pytest
import torch

from reelfix.restoration.denoise import denoise
from reelfix.restoration.metrics import psnr
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion


def scene(count: int, height: int = 72, width: int = 96, channels: int = 1) -> torch.Tensor:
    """A soft texture that pans by one pixel a frame, float32 (T, C, H, W)."""
    random = np.random.default_rng(4).random((channels, height, width + count), np.float32)
    soft = np.stack([cv2.GaussianBlur(plane, (0, 0), 2.5) for plane in random])
    soft = 0.5 + (soft - soft.mean()) * 3
    frames = [soft[:, :, t : t + width] for t in range(count)]
    return torch.from_numpy(np.stack(frames).clip(0.1, 0.9))


def grainy(clip: torch.Tensor, deviation: float) -> torch.Tensor:
    noise = np.random.default_rng(9).standard_normal(clip.shape, np.float32)
    return clip + torch.from_numpy(noise) * deviation


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_goes_and_the_picture_stays(channels: int) -> None:
    clean = scene(9, channels=channels)
    noisy = grainy(clean, 0.03)
    result = denoise(noisy, estimate_motion(noisy), slice(4, 5))
    assert psnr(result, clean[4:5]) > psnr(noisy[4:5], clean[4:5]) + 8


def test_strength_blends_and_zero_is_the_identity() -> None:
    noisy = grainy(scene(5), 0.03)
    motion = estimate_motion(noisy)
    whole, half, none = (denoise(noisy, motion, slice(2, 3), strength=s) for s in (1.0, 0.5, 0.0))
    assert torch.equal(none, noisy[2:3])
    torch.testing.assert_close(half, (whole + noisy[2:3]) / 2, atol=1e-6, rtol=0)


def test_nothing_is_carried_across_a_cut() -> None:
    first, second = grainy(scene(5), 0.02), grainy(1 - scene(5).flip(-1), 0.02)
    both = torch.cat([first, second])
    result = denoise(both, estimate_motion(both), slice(4, 6))
    alone = denoise(first, estimate_motion(first), slice(4, 5))
    assert (result[0] - alone[0]).abs().mean() < 0.003
    assert psnr(result[1:], 1 - scene(5).flip(-1)[:1]) > psnr(second[:1], 1 - scene(5).flip(-1)[:1]) + 7


def test_what_is_on_one_frame_only_leaves_no_ghost() -> None:
    clean = scene(7)
    clean[3, :, 30:40, 40:50] = 1.0
    noisy = grainy(clean, 0.02)
    result = denoise(noisy, estimate_motion(noisy), slice(2, 5))
    assert (result[1, 0, 31:39, 41:49] - 1).abs().mean() < 0.03, "it stays where it was"
    for index, t in ((0, 2), (2, 4)):
        assert (result[index] - clean[t]).abs()[:, 30:40, 38:52].mean() < 0.015, "and is nowhere else"


def test_a_repeated_frame_is_no_witness() -> None:
    noisy = grainy(scene(6), 0.03)
    noisy[3] = noisy[2]
    result = denoise(noisy, estimate_motion(noisy), slice(2, 3))
    assert psnr(result, scene(6)[2:3]) > psnr(noisy[2:3], scene(6)[2:3]) + 5


def test_a_single_frame_is_left_as_it_is() -> None:
    noisy = grainy(scene(1), 0.03)
    assert torch.equal(denoise(noisy, estimate_motion(noisy), slice(0, 1)), noisy)


def test_faint_smoke_does_not_lag() -> None:
    clean = scene(9)
    for t in range(9):
        clean[t, :, 20:50, 10 + 6 * t : 34 + 6 * t] += 0.02
    noisy = grainy(clean, 0.02)
    still = Motion(*(torch.zeros(9, k, 36, 48) for k in (2, 2)), *(torch.ones(9, 1, 36, 48),) * 2)
    still.forward[:, 0], still.backward[:, 0] = -1.0, 1.0
    error = (denoise(noisy, still, slice(4, 5)) - clean[4:5])[0, 0, 25:45]
    assert error[:, 38:54].mean().abs() < 0.006, "where the smoke is"
    assert error[:, 62:74].mean().abs() < 0.006, "where it is going to be"
