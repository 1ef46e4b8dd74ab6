import numpy as np
import pytest
import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.scene_motion import sampled, scene_step

HEIGHT, WIDTH = 120, 160


def motion_of(forward: torch.Tensor) -> Motion:
    trust = torch.ones((2, 1, *forward.shape[2:]))
    return Motion(forward, -forward, trust, trust)


def test_what_a_line_draws_upon_itself_is_not_the_scene() -> None:
    forward = torch.zeros((2, 2, HEIGHT // 2, WIDTH // 2))
    forward[:, 0] = 4.0
    forward[:, :, :, 38:42] = 0.0
    step = scene_step(motion_of(forward), 0, 1)
    place = np.array([60.0]), np.array([80.0])
    for flow in (step.beside, step.overall, step.within):
        assert np.allclose(sampled(flow, *place, (HEIGHT, WIDTH)), [[4.0, 0.0]], atol=0.5)


def test_the_overall_motion_is_the_camera_s_not_a_passer_by_s() -> None:
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    forward = torch.stack([2 + 0.02 * x, 0.01 * y])[None].repeat(2, 1, 1, 1)
    camera = forward[0, :, 30, 40].numpy().copy()
    forward[:, 0, 20:50, 5:25] = -9.0
    step = scene_step(motion_of(forward), 0, 1)
    found = sampled(step.overall, np.array([60.5]), np.array([80.5]), (HEIGHT, WIDTH))
    assert np.allclose(found, camera, atol=0.3)


def test_ways_are_told_apart() -> None:
    forward = torch.full((2, 2, HEIGHT // 2, WIDTH // 2), 3.0)
    place = np.array([60.0]), np.array([80.0])
    back = scene_step(motion_of(forward), 1, -1).beside
    assert np.allclose(sampled(back, *place, (HEIGHT, WIDTH)), -3.0, atol=0.05)


@pytest.mark.parametrize("count", [0, 1, 1025, 70_000])
def test_any_number_of_places_is_sampled(count: int) -> None:
    flow = np.zeros((4, 4, 2), np.float32)
    flow[..., 0] = np.arange(4)
    x = np.linspace(12.0, WIDTH - 13.0, count)
    found = sampled(flow, np.full(count, 60.0), x, (HEIGHT, WIDTH))
    assert found.shape == (count, 2)
    assert np.allclose(found[:, 0], np.clip((x + 0.5) * 4 / WIDTH - 0.5, 0, 3), atol=0.05)
