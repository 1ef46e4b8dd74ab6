import numpy as np
import pytest
import torch

from reelfix.restoration.arrays import Plane
from reelfix.restoration.blotch_evidence import VIEWS, Scene, scene_of
from reelfix.restoration.detector_inputs import EACH_WAY, GONE, INPUTS, OWN, inputs_of, look_of, noise_of
from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import neighbours_of, repeats_in

NEAR, STAYS, DEVIATES, MOVED = slice(22, 26), 26, 27, 28


def noisy(count: int = 9, height: int = 48, width: int = 64, noise: float = 0.01) -> list[Plane]:
    random = np.random.default_rng(2)
    return [(0.5 + random.normal(0, noise, (height, width))).astype(np.float32) for _ in range(count)]


def motion_of(count: int, height: int, width: int, across: float = 0.0) -> Motion:
    grid = (-(-height // 2), -(-width // 2))
    flow = torch.zeros(count, 2, *grid)
    flow[:, 0] = across
    sure = torch.ones(count, 1, *grid)
    return Motion(flow, -flow, sure, sure)


def told(lumas: list[Plane], t: int, across: float = 0.0, strength: float = 1.0) -> Plane:
    height, width = lumas[0].shape
    motion = motion_of(len(lumas), height, width, across)
    scene = scene_of(lumas, neighbours_of(repeats_in(lumas), motion, t, EACH_WAY)[:VIEWS], t)
    looks = {k: look_of(luma, motion, k) for k, luma in enumerate(lumas)}
    found = [np.zeros((height, width), np.uint8), np.full((height, width), 255, np.uint8)]
    return inputs_of(scene, looks, t, found, strength)


@pytest.mark.parametrize(("height", "width", "count"), [(48, 64, 9), (33, 47, 3), (20, 20, 2)])
def test_every_size_and_place_in_a_shot_gives_the_same_channels(height: int, width: int, count: int) -> None:
    for t in (0, count - 1):
        inputs = told(noisy(count, height, width), t)
        assert inputs.shape == (INPUTS, -(-height // 2), -(-width // 2))
        assert inputs.dtype == np.float32
        assert np.isfinite(inputs).all()


def test_noise_is_what_it_was_made_with_and_dirt_does_not_raise_it() -> None:
    lumas = noisy(noise=0.02)
    dirty = [*lumas[:4], np.where(np.arange(48)[:, None] < 20, np.float32(1), lumas[4]), *lumas[5:]]
    for frames, noise in ((lumas, 0.02 * 1.22), (dirty, 0.02 * 1.41 * 1.1)):  # of the mean of two, of both
        scene = scene_of(frames, neighbours_of([False] * 8, motion_of(9, 48, 64), 4, 3)[:VIEWS], 4)
        assert noise_of(scene) == pytest.approx(noise, rel=0.1)
    assert noise_of(Scene(lumas[4], [], [], [], False)) > 0


def test_a_spot_stands_out_by_its_contrast_over_the_noise_times_the_strength() -> None:
    lumas = noisy()
    lumas[4][20:24, 30:34] += 0.12
    full, half = told(lumas, 4), told(lumas, 4, strength=0.5)
    spot = (slice(0, 3 * OWN), slice(10, 12), slice(15, 17))
    assert (full[spot] > 1.2).all()
    np.testing.assert_allclose(half[spot], full[spot] / 2, rtol=1e-4)
    # The scene's tone and the noise are told as they are.
    np.testing.assert_array_equal(half[30:], full[30:])


def test_a_line_on_the_scan_stays_where_the_scene_goes() -> None:
    lumas = noisy()
    for luma in lumas:
        luma[:, 40:42] -= 0.2
    still, gone = told(lumas, 4), told(lumas, 4, across=4.0)
    for inputs in (still, gone):
        assert (inputs[NEAR, :, 20] < -1).all()
        assert (inputs[STAYS, :, 20] < -1).all()
        assert inputs[DEVIATES, :, 20].mean() < 0.3
    assert not still[[MOVED, GONE]].any()
    assert gone[MOVED, 5:-5, 20].mean() < 0.5 * gone[STAYS, 5:-5, 20].mean()
    assert gone[GONE, 12, 16] == pytest.approx(4 / 8, abs=0.15)


def test_what_was_found_without_a_net_is_told() -> None:
    inputs = told(noisy(), 4)
    assert not inputs[12:16].any()
    np.testing.assert_allclose(inputs[16:20], 1.0, rtol=1e-6)
