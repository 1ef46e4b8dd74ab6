from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    DamageSettings,
    Dirt,
    Flicker,
    Generations,
    Grain,
    Hairs,
    HostOperators,
    LocalFlicker,
    MotionBlur,
    Scratches,
    StockGrain,
    TensorOperators,
    Weave,
    damage_clip,
)

TOLERANCE = 1e-4
SETTINGS = {
    "blur": replace(NOTHING, blur=0.8),
    "motion blur": replace(NOTHING, motion_blur=MotionBlur(length=0.05, longest=0.2)),
    "weave": replace(NOTHING, weave=Weave(deviation=(0.03, 0.02), degrees=0.6)),
    "flicker": replace(NOTHING, flicker=Flicker(), local_flicker=LocalFlicker()),
    "grain": replace(NOTHING, grain=Grain(strength=0.03)),
    "stock": replace(NOTHING, stock=StockGrain("colour print")),
    "generations": replace(NOTHING, generations=Generations()),
    "coloured marks": replace(NOTHING, scratches=Scratches(coloured=1.0, bright=1.0)),
    "marks": replace(NOTHING, dirt=Dirt(per_frame=6), hairs=Hairs(per_frame=1), scratches=Scratches()),
}


def _clip(channels: int) -> torch.Tensor:
    coarse = torch.rand(4, channels, 6, 8, generator=torch.Generator().manual_seed(7))
    return torch.nn.functional.interpolate(coarse, (49, 66), mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_torch_and_the_host_make_the_same_frames(name: str, channels: int) -> None:
    clip = _clip(channels)
    host, tensor = (
        damage_clip(clip, SETTINGS[name], np.random.default_rng(3), operators=operators)
        for operators in (HostOperators(), TensorOperators())
    )
    assert (host.frames - clip).abs().max() > 0.01
    assert (host.frames - tensor.frames).abs().max() < TOLERANCE
    assert host.kinds.keys() == tensor.kinds.keys()
    differing = (host.mask != tensor.mask).sum()
    assert differing <= 0.01 * (host.mask > 0).sum()
    assert ((host.strength.int() - tensor.strength.int()).abs() > 1).sum() <= 0.01 * (host.mask > 0).sum()


@pytest.mark.parametrize("make", [HostOperators, TensorOperators])
def test_frames_given_are_left_alone(make: Callable[[], HostOperators | TensorOperators]) -> None:
    clip = _clip(1)
    before = clip.clone()
    everything = DamageSettings(blur=0.5, weave=Weave(), motion_blur=MotionBlur(), stock=StockGrain())
    damage_clip(clip, everything, np.random.default_rng(3), operators=make())
    assert torch.equal(clip, before)


def test_noise_drawn_on_the_device_has_the_statistics_of_the_hosts() -> None:
    clip = torch.full((2, 1, 128, 128), 0.5)
    settings = replace(NOTHING, grain=Grain(strength=0.02, size=0.6))
    host, device = (
        damage_clip(clip, settings, np.random.default_rng(3), operators=operators).frames - clip
        for operators in (HostOperators(), TensorOperators(device_noise=True))
    )
    assert not torch.allclose(host, device, atol=0.01)
    assert float(device.std()) == pytest.approx(float(host.std()), rel=0.03)
    neighbours = [float((n[..., 1:] * n[..., :-1]).mean() / n.square().mean()) for n in (host, device)]
    assert neighbours[1] == pytest.approx(neighbours[0], abs=0.03)
