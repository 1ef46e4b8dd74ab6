from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    VISIBLE,
    DamagedClip,
    DamageSettings,
    Dirt,
    Flicker,
    Grain,
    Hairs,
    Scratches,
    damage_clip,
)

NOTHING = DamageSettings(flicker=None, grain=None, dirt=None, hairs=None, scratches=None)
SHAPE = (8, 1, 48, 64)


def _clip(shape: tuple[int, int, int, int] = SHAPE) -> torch.Tensor:
    return torch.full(shape, 0.5)


def _damage(settings: DamageSettings, seed: int = 1, clip: torch.Tensor | None = None) -> DamagedClip:
    return damage_clip(_clip() if clip is None else clip, settings, np.random.default_rng(seed))


def test_the_same_seed_gives_the_same_clip_and_another_does_not() -> None:
    first, again, other = _damage(DamageSettings()), _damage(DamageSettings()), _damage(DamageSettings(), 2)
    assert torch.equal(first.frames, again.frames)
    assert torch.equal(first.mask, again.mask)
    assert torch.equal(first.gains, again.gains)
    assert not torch.equal(first.frames, other.frames)


def test_shapes_types_and_range() -> None:
    clip = torch.rand(5, 3, 33, 47, generator=torch.Generator().manual_seed(0))
    before = clip.clone()
    damaged = _damage(DamageSettings(dirt=Dirt(per_frame=30, largest=0.4)), clip=clip)
    assert damaged.frames.shape == clip.shape
    assert damaged.frames.dtype == torch.float32
    assert damaged.frames.min() >= 0
    assert damaged.frames.max() <= 1
    assert damaged.mask.shape == (5, 2, 33, 47)
    assert damaged.mask.dtype == torch.uint8
    assert set(damaged.mask.unique().tolist()) == {0, 255}
    assert torch.equal(clip, before)


def test_nothing_asked_for_changes_nothing() -> None:
    damaged = _damage(NOTHING)
    assert torch.equal(damaged.frames, _clip())
    assert not damaged.mask.any()
    assert torch.equal(damaged.gains, torch.ones(8))


def test_the_mask_is_where_the_picture_visibly_changed() -> None:
    for settings, plane in (
        (replace(NOTHING, dirt=Dirt(per_frame=6)), 0),
        (replace(NOTHING, hairs=Hairs(per_frame=3)), 0),
        (replace(NOTHING, scratches=Scratches(per_100_frames=1)), 1),
    ):
        damaged = _damage(settings)
        changed = (damaged.frames - _clip()).abs()[:, 0]
        marked = damaged.mask[:, plane] == 255
        assert marked.any()
        assert not damaged.mask[:, 1 - plane].any()
        # Marks may overlap: two that cannot be seen alone may be seen together.
        assert (changed[marked] > VISIBLE / 2).all()
        assert (changed[~marked] <= 2 * VISIBLE).all()


def test_leaving_a_kind_out_leaves_the_others_where_they_were() -> None:
    full = _damage(DamageSettings())
    without = _damage(DamageSettings(scratches=None, grain=None))
    assert torch.equal(full.gains, without.gains)
    plain, alone = (
        _damage(replace(NOTHING, dirt=Dirt(), hairs=Hairs())),
        _damage(replace(NOTHING, dirt=Dirt())),
    )
    assert ((plain.mask[:, 0] > 0) | (alone.mask[:, 0] == 0)).all()


def test_dirt_lasts_one_frame_and_is_both_bright_and_dark() -> None:
    damaged = _damage(replace(NOTHING, dirt=Dirt(per_frame=4)), clip=_clip((40, 1, 120, 160)))
    mask = damaged.mask[:, 0] > 0
    repeated = (mask[1:] & mask[:-1]).sum() / mask.sum()
    assert repeated < 0.03
    change = damaged.frames[:, 0] - 0.5
    assert (change[mask] > 0.2).any()
    assert (change[mask] < -0.2).any()


@pytest.mark.parametrize("per_frame", [2.0, 20.0])
def test_dirt_is_as_dense_as_asked_for(per_frame: float) -> None:
    damaged = _damage(replace(NOTHING, dirt=Dirt(per_frame=per_frame)), clip=_clip((30, 1, 240, 320)))
    area = float((damaged.mask[:, 0] > 0).float().mean()) * 240 * 320 / per_frame
    radius = 0.0065 * 240
    assert 0.5 * np.pi * radius**2 < area < 12 * np.pi * radius**2


def test_a_scratch_runs_down_many_frames_in_nearly_the_same_place() -> None:
    settings = Scratches(per_100_frames=0, frames=(30, 30), broken=0.0, opacity=(0.7, 0.7))
    damaged = _damage(replace(NOTHING, scratches=settings), clip=_clip((60, 1, 90, 120)))
    mask = damaged.mask[:, 1] > 0
    hit = mask.flatten(1).any(1).nonzero()[:, 0]
    assert 10 <= len(hit) <= 30
    assert len(hit) == hit[-1] - hit[0] + 1
    columns = mask.any(0).any(0).nonzero()[:, 0]
    assert columns[-1] - columns[0] < 12
    inner = mask[hit[2] : hit[-2]]
    assert inner.any(2).float().mean() > 0.9


def test_a_broken_scratch_has_gaps() -> None:
    whole = Scratches(per_100_frames=0, frames=(30, 30), broken=0.0)
    broken = replace(whole, broken=0.6)
    clip = _clip((30, 1, 90, 120))
    area = [
        int((_damage(replace(NOTHING, scratches=settings), clip=clip).mask > 0).sum())
        for settings in (whole, broken)
    ]
    assert 0 < area[1] < 0.75 * area[0]


def test_flicker_is_the_curve_it_says() -> None:
    damaged = _damage(replace(NOTHING, flicker=Flicker(gain=0.12)))
    expected = damaged.gains[:, None, None, None] * _clip() ** damaged.gammas[:, None, None, None]
    assert torch.allclose(damaged.frames, expected.clamp(0, 1), atol=1e-6)
    assert damaged.gains.std() > 0.02
    assert damaged.gains.log().abs().max() <= 0.2401


def test_grain_follows_the_tone_and_has_the_strength_asked_for() -> None:
    settings = replace(NOTHING, grain=Grain(strength=0.02))
    deviation = {
        tone: float((_damage(settings, clip=torch.full((2, 1, 96, 96), tone)).frames - tone).std())
        for tone in (0.5, 0.1)
    }
    assert deviation[0.5] == pytest.approx(0.02, rel=0.05)
    assert deviation[0.1] < 0.7 * deviation[0.5]


def test_a_tiny_clip_can_be_damaged() -> None:
    assert _damage(DamageSettings(), clip=_clip((1, 1, 16, 16))).frames.shape == (1, 1, 16, 16)
