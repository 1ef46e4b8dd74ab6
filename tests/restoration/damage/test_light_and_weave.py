from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    Flicker,
    LocalFlicker,
    Weave,
    damage_clip,
    evenly_exposed,
    steady_truth,
)
from reelfix.restoration.damage.tone import gain_field


def _texture(frames: int = 12) -> torch.Tensor:
    rows, columns = np.mgrid[:60, :80] / 6.0
    still = 0.45 + 0.12 * np.sin(columns) + 0.1 * np.cos(rows + columns / 3)
    return torch.from_numpy(still.astype(np.float32)).expand(frames, 1, -1, -1).clone()


def test_the_local_field_is_the_one_it_says() -> None:
    clip = torch.full((6, 1, 48, 64), 0.4)
    settings = replace(NOTHING, local_flicker=LocalFlicker(gain=0.08))
    damaged = damage_clip(clip, settings, np.random.default_rng(2))
    for frame, knots in zip(damaged.frames, damaged.field, strict=True):
        expected = 0.4 * gain_field(knots.numpy(), 48, 64)
        assert np.allclose(frame[0].numpy(), expected, atol=1e-6)
    assert damaged.field.std() > 0.04


def test_the_even_exposure_is_the_mean_of_the_flicker() -> None:
    clip = torch.full((8, 1, 24, 32), 0.3)
    settings = replace(NOTHING, flicker=Flicker(gain=0.1, gamma=0.0))
    damaged = damage_clip(clip, settings, np.random.default_rng(5))
    even = evenly_exposed(clip, damaged)
    assert torch.equal(even[0], even[-1])
    geometric_mean = damaged.frames.log().mean().exp()
    assert float(even.mean()) == pytest.approx(float(geometric_mean), rel=1e-4)
    assert abs(float(even.mean()) - 0.3) > 1e-3


def test_weave_moves_by_the_shifts_it_says() -> None:
    clip = _texture()
    damaged = damage_clip(clip, replace(NOTHING, weave=Weave((0.02, 0.02))), np.random.default_rng(7))
    assert damaged.shifts.abs().max() > 0.5
    assert damaged.shifts.abs().max() <= 0.02 * 60 * 2 + 1e-5
    assert torch.allclose(damaged.frames, steady_truth(clip, damaged), atol=1e-6)
    dx, dy = (float(value) for value in damaged.shifts[3])
    rows, columns = np.mgrid[12:48, 12:68].astype(np.float64)
    moved = 0.45 + 0.12 * np.sin((columns - dx) / 6) + 0.1 * np.cos((rows - dy) / 6 + (columns - dx) / 18)
    assert np.abs(damaged.frames[3, 0, 12:48, 12:68].numpy() - moved).max() < 2e-3


def test_blur_takes_detail() -> None:
    clip = torch.rand(2, 1, 40, 40, generator=torch.Generator().manual_seed(1))
    blurred = damage_clip(clip, replace(NOTHING, blur=1.5), np.random.default_rng(0)).frames
    assert blurred.std() < 0.4 * clip.std()
    assert blurred.mean() == pytest.approx(float(clip.mean()), abs=0.02)
