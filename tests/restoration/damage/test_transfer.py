from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    DamagedClip,
    DamageSettings,
    Dirt,
    DropOuts,
    HostOperators,
    Interlace,
    Tape,
    TensorOperators,
    damage_clip,
)

QUIET = Tape(
    noise=0.0, line_noise=0.0, chroma_noise=0.0, bandwidth=0.2, ringing=0.0, jitter=0.0, head_lines=0.0
)


def _damage(clip: torch.Tensor, settings: DamageSettings, seed: int = 4) -> DamagedClip:
    return damage_clip(clip, settings, np.random.default_rng(seed))


def _gray(frames: int = 5) -> torch.Tensor:
    return torch.full((frames, 1, 48, 64), 0.5)


def test_a_combed_frames_odd_lines_are_the_next_frames() -> None:
    clip = torch.arange(5.0)[:, None, None, None].expand(5, 1, 48, 64) / 5
    damaged = _damage(clip, replace(NOTHING, interlace=Interlace(frames=0.4)))
    combed = damaged.parameters["interlace.combed"]
    assert int(combed.sum()) == 2
    for t in range(5):
        assert torch.equal(damaged.frames[t, :, ::2], clip[t, :, ::2])
        source = (t + 1 if t < 4 else 3) if combed[t] else t
        assert torch.allclose(damaged.frames[t, :, 1::2], clip[source, :, 1::2])


def test_marks_are_combed_with_the_picture() -> None:
    settings = replace(NOTHING, dirt=Dirt(per_frame=4, largest=0.2, radius=0.05))
    plain = _damage(_gray(), settings)
    combed = _damage(_gray(), replace(settings, interlace=Interlace(frames=1.0)))
    assert torch.equal(combed.mask[0, :, ::2], plain.mask[0, :, ::2])
    assert torch.equal(combed.mask[0, :, 1::2], plain.mask[:2, :, 1::2].amax(0))
    changed = (combed.frames - 0.5).abs()[:, 0] > 0.05
    assert changed.any()
    assert (combed.mask.amax(1)[changed] == 255).all()


def test_a_quiet_tape_changes_nearly_nothing() -> None:
    clip = torch.linspace(0.1, 0.9, 64).expand(2, 1, 48, 64).clone()
    assert (_damage(clip, replace(NOTHING, tape=QUIET)).frames - clip).abs().max() < 1e-3


def test_noise_is_as_strong_as_asked_for() -> None:
    noisy = _damage(_gray(), replace(NOTHING, tape=replace(QUIET, noise=0.03))).frames
    assert float(noisy.std()) == pytest.approx(0.03, rel=0.05)
    lines = _damage(_gray(), replace(NOTHING, tape=replace(QUIET, line_noise=0.02))).frames
    assert float(lines.mean(3).std()) == pytest.approx(0.02, rel=0.15)
    assert float(lines.std(3).max()) < 1e-5


def test_an_edge_rings_to_its_right() -> None:
    clip = torch.full((1, 1, 8, 64), 0.3)
    clip[..., 32:] = 0.6
    line = _damage(clip, replace(NOTHING, tape=replace(QUIET, ringing=0.4))).frames[0, 0, 4]
    assert float(line[30:46].max()) > 0.63
    assert float(line[:26].sub(0.3).abs().max()) < 0.02
    assert float(line[-8:].mean()) == pytest.approx(0.6, abs=0.01)


def test_heads_switch_at_the_bottom_alone() -> None:
    clip = torch.linspace(0.1, 0.9, 64).expand(2, 1, 48, 64).clone()
    shifted = _damage(clip, replace(NOTHING, tape=replace(QUIET, head_lines=0.1, head_shift=0.2))).frames
    change = (shifted - clip).abs().amax(dim=(0, 1, 3))
    assert float(change[:42].max()) < 1e-3
    assert float(change[-1]) > 0.05


def test_colour_is_noisier_and_softer_than_luma() -> None:
    clip = torch.full((2, 3, 48, 64), 0.5)
    noisy = _damage(clip, replace(NOTHING, tape=replace(QUIET, chroma_noise=0.05))).frames
    luma = 0.299 * noisy[:, 0] + 0.587 * noisy[:, 1] + 0.114 * noisy[:, 2]
    assert float(luma.std()) < 1e-3
    assert float(noisy.std()) > 0.02


def test_the_tape_is_the_same_on_either_set_of_operators() -> None:
    clip = torch.rand(3, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    settings = replace(NOTHING, tape=Tape(), interlace=Interlace(), drop_outs=DropOuts(4))
    host, tensor = (
        damage_clip(clip, settings, np.random.default_rng(3), operators=operators).frames
        for operators in (HostOperators(), TensorOperators())
    )
    assert (host - tensor).abs().max() < 1e-4


def test_drop_outs_are_streaks_along_lines() -> None:
    damaged = _damage(_gray(20), replace(NOTHING, drop_outs=DropOuts(per_frame=1.0, length=(0.2, 0.3))))
    marked = damaged.kinds["drop-out"]
    assert marked.any()
    assert float(marked.any(2).sum()) * 4 < float(marked.sum())
    assert torch.equal(damaged.mask[:, 0] > 0, marked)
