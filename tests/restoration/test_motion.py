import numpy as np
import torch

from reelfix.restoration.motion import Motion, picture_maps
from reelfix.restoration.optical_flow import estimate_motion, spread


def texture(height: int, width: int) -> torch.Tensor:
    coarse = torch.from_numpy(np.random.default_rng(3).random((1, 1, height // 3, width // 3), np.float32))
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)[0]


def panning(count: int, height: int, width: int, dx: int, dy: int) -> torch.Tensor:
    """A texture that moves by (dx, dy) pixels a frame: float32 (T, 1, H, W)."""
    whole = texture(height + count * abs(dy) + 3, width + count * abs(dx) + 3)
    top, left = (count * abs(dy) if dy > 0 else 0), (count * abs(dx) if dx > 0 else 0)
    return torch.stack(
        [whole[:, top - t * dy :, left - t * dx :][:, :height, :width] for t in range(count)]
    ).contiguous()


def test_a_pan_is_found_both_ways() -> None:
    motion = estimate_motion(panning(3, 90, 120, 4, -2))
    inner = (slice(None), slice(8, -8), slice(8, -8))
    expected = torch.tensor([4.0, -2.0])[:, None, None]
    assert (motion.forward[0][inner] - expected).abs().mean() < 0.15
    assert (motion.backward[1][inner] + expected).abs().mean() < 0.15
    assert motion.forward_confidence[0][inner].mean() > 0.8


def test_ends_have_no_motion_and_no_confidence() -> None:
    motion = estimate_motion(panning(3, 48, 64, 2, 0))
    assert not motion.forward[-1].any()
    assert not motion.forward_confidence[-1].any()
    assert not motion.backward[0].any()
    assert not motion.backward_confidence[0].any()
    assert motion.forward.shape == (3, 2, 24, 32)


def test_flicker_is_no_motion() -> None:
    frames = panning(3, 90, 120, 3, 1)
    gains = torch.tensor([1.0, 0.7, 0.9])[:, None, None, None]
    steady, flickering = estimate_motion(frames), estimate_motion(frames * gains)
    assert (steady.forward - flickering.forward).abs().mean() < 0.2


def test_across_dirt_the_flow_is_that_of_its_surroundings() -> None:
    frames = panning(3, 96, 128, 3, 0)
    frames[1, :, 40:52, 60:72] = 1.0
    motion = estimate_motion(frames)
    under = motion.forward[1][:, 20:26, 30:36].mean(dim=(1, 2))
    assert torch.allclose(under, torch.tensor([3.0, 0.0]), atol=0.6)


def test_dirt_does_not_take_confidence_away() -> None:
    frames = panning(5, 96, 128, 3, 0)
    frames[2, :, 40:52, 60:72] = 1.0
    motion = estimate_motion(frames)
    assert motion.forward_confidence[2][:, 20:26, 30:36].mean() > 0.6
    assert motion.backward_confidence[2][:, 20:26, 30:36].mean() > 0.6


def test_grain_does_not_move_an_even_wall() -> None:
    frames = panning(4, 96, 192, 0, 0)
    frames[..., 96:] = 0.5
    random = np.random.default_rng(5)
    frames += torch.from_numpy(random.standard_normal(frames.shape, np.float32)) * 0.02
    still = estimate_motion(frames)
    assert still.forward[1][:, 8:-8, 60:88].abs().mean() < 0.7
    assert still.forward_confidence[1][:, 8:-8, 60:88].mean() > 0.5


def test_what_has_no_answer_has_no_confidence() -> None:
    random = np.random.default_rng(0)
    frames = torch.from_numpy(random.random((2, 1, 80, 80), np.float32))
    assert estimate_motion(frames).forward_confidence[0].mean() < 0.2


def test_steps_are_composed() -> None:
    count, height, width = 4, 20, 30
    forward = torch.zeros(count, 2, height, width)
    forward[:, 0] = 2.0
    sure = torch.full((count, 1, height, width), 0.9)
    motion = Motion(forward, -forward, sure, sure)
    flow, confidence = motion.flow(0, 3)
    np.testing.assert_allclose(
        flow[5:-5, 5:-8], np.broadcast_to([6.0, 0.0], flow[5:-5, 5:-8].shape), atol=1e-5
    )
    np.testing.assert_allclose(confidence[5:-5, 5:-8], 0.9**3, atol=1e-5)
    back, _ = motion.flow(3, -2)
    np.testing.assert_allclose(back[5:-5, 8:-5, 0], -4.0, atol=1e-5)


def test_maps_lie_on_pixel_centres() -> None:
    map_x, map_y = picture_maps(np.zeros((9, 16, 2), np.float32), 17, 31)
    np.testing.assert_array_equal(map_x, np.broadcast_to(np.arange(31, dtype=np.float32), (17, 31)))
    np.testing.assert_array_equal(map_y, np.broadcast_to(np.arange(17, dtype=np.float32)[:, None], (17, 31)))


def test_spread_keeps_what_is_sure_and_fills_the_rest() -> None:
    values = np.full((40, 40, 1), 5.0, np.float32)
    weight = np.ones((40, 40), np.float32)
    values[15:25, 15:25] = -100
    weight[15:25, 15:25] = 0
    filled = spread(values, weight)
    np.testing.assert_allclose(filled, 5.0, atol=1e-3)
