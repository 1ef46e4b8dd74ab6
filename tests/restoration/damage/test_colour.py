from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    TINTS,
    DamageSettings,
    DyeFading,
    Halation,
    Tint,
    damage_clip,
)


def _damage(clip: torch.Tensor, settings: DamageSettings) -> torch.Tensor:
    return damage_clip(clip, settings, np.random.default_rng(4)).frames


def _colour(*values: float) -> torch.Tensor:
    return torch.tensor(values)[None, :, None, None].expand(2, 3, 24, 32).clone()


@pytest.mark.parametrize("name", TINTS)
def test_a_tint_maps_white_and_black_to_its_ends(name: str) -> None:
    tint = TINTS[name]
    for tone, ends in ((1.0, tint.highlights), (0.0, tint.shadows)):
        frames = _damage(_colour(tone, tone, tone), replace(NOTHING, tint=tint))
        assert torch.allclose(frames[0, :, 3, 3], torch.tensor(ends), atol=1e-6)


def test_a_tint_leaves_nothing_of_the_colours_but_luma() -> None:
    settings = replace(NOTHING, tint=TINTS["amber"])
    red, green = _colour(1.0, 0.0, 0.0), _colour(0.0, 0.299 / 0.587, 0.0)
    assert torch.allclose(_damage(red, settings), _damage(green, settings), atol=1e-5)
    half = _damage(red, replace(NOTHING, tint=Tint((1.0, 1.0, 1.0), amount=0.5)))
    assert torch.allclose(half, torch.full_like(half, 0.299), atol=1e-6)


def test_dyes_fade_in_density() -> None:
    settings = replace(NOTHING, dyes=DyeFading(cyan=0.5, magenta=0.0, yellow=0.25, stain=0.0))
    frames = _damage(_colour(0.25, 0.25, 0.25), settings)
    assert torch.allclose(frames[0, :, 3, 3], torch.tensor([0.5, 0.25, 0.25**0.75]), atol=1e-5)
    stained = _damage(_colour(1.0, 1.0, 1.0), replace(NOTHING, dyes=DyeFading(stain=0.3)))
    assert torch.allclose(stained[0, :, 3, 3], torch.tensor([1.0, 10**-0.1, 10**-0.3]), atol=1e-5)


def test_a_gray_clip_has_no_dyes() -> None:
    gray = torch.rand(2, 1, 24, 32, generator=torch.Generator().manual_seed(1))
    settings = replace(NOTHING, dyes=DyeFading(), tint=TINTS["sepia"])
    assert torch.equal(_damage(gray, settings), gray)


def test_light_spreads_from_highlights_and_reddens_colour() -> None:
    clip = torch.zeros(1, 3, 64, 64)
    clip[..., 24:40, 24:40] = 1.0
    settings = replace(NOTHING, halation=Halation(strength=0.5, radius=0.05))
    frames = _damage(clip, settings)
    beside = frames[0, :, 32, 42]
    assert float(beside[0]) > 0.1
    assert float(beside[1] / beside[0]) == pytest.approx(0.35, abs=0.01)
    assert float(frames[0, 0, 32, 60]) < 0.01
    assert torch.equal(frames[..., 30, 30], clip[..., 30, 30])
    dim = torch.full((1, 1, 24, 32), 0.6)
    assert torch.equal(_damage(dim, settings), dim)
