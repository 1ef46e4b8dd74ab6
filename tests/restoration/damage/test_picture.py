from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    STOCKS,
    VERSIONS,
    DamagedClip,
    DamageSettings,
    Dirt,
    Fading,
    Flicker,
    Generations,
    Grain,
    LowResolution,
    MotionBlur,
    StockGrain,
    Uneven,
    Vignette,
    Weave,
    Whole,
    damage_clip,
)


def _ramp(frames: int = 3, channels: int = 1, height: int = 48, width: int = 64) -> torch.Tensor:
    return torch.linspace(0, 1, width).expand(frames, channels, height, width).clone()


def _damage(clip: torch.Tensor, settings: DamageSettings, whole: Whole | None = None) -> DamagedClip:
    return damage_clip(clip, settings, np.random.default_rng(4), part_of=whole)


def test_fading_is_the_curve_it_says() -> None:
    damaged = _damage(_ramp(), replace(NOTHING, fading=Fading(black=0.2, white=0.7, gamma=1.5)))
    assert torch.allclose(damaged.frames, 0.2 + 0.5 * _ramp() ** 1.5, atol=1e-6)
    assert torch.equal(damaged.parameters["fading.black"], torch.full((3,), 0.2))
    assert float(damaged.parameters["fading.gamma"][2]) == 1.5


def test_motion_blurs_along_its_path_alone() -> None:
    clip = torch.zeros(2, 1, 41, 41)
    clip[:, :, 20, 20] = 1.0
    settings = replace(NOTHING, motion_blur=MotionBlur(length=0.0, unrest=0.0, vertical=0.2, longest=0.5))
    damaged = _damage(clip, settings)
    assert torch.allclose(damaged.parameters["motion blur.dy"], torch.full((2,), 0.2 * 41))
    spread = damaged.frames[0, 0]
    assert float(spread.sum()) == pytest.approx(1.0, abs=1e-4)
    rows = (spread.sum(1) > 0.01).nonzero()[:, 0]
    assert 8 <= int(rows[-1] - rows[0]) + 1 <= 11
    assert float(spread[:, 20].sum()) > 0.99


def test_a_generation_hardens_the_middle_tones_and_keeps_black_and_white() -> None:
    settings = replace(NOTHING, generations=Generations(count=2, blur=0.3, contrast=1.2, grain=0.0))
    frames = _damage(_ramp(), settings).frames[0, 0, 24]
    assert (frames[1:] >= frames[:-1]).all()
    assert float(frames[0]) < 0.01
    assert float(frames[-1]) > 0.99
    assert float(frames[36] - frames[27]) / (9 / 63) == pytest.approx(1.2**2, rel=0.05)


@pytest.mark.parametrize("stock", STOCKS)
def test_a_stocks_grain_is_as_strong_as_it_says_where_it_says(stock: str) -> None:
    of_stock, settings = STOCKS[stock], replace(NOTHING, stock=StockGrain(stock))
    strength = of_stock.strength * (1 if of_stock.correlation == 1 else sum(of_stock.layers) / 3)
    deviation = [
        float((damaged - tone).std())
        for tone in (0.1, 0.3, 0.45, 0.6, 0.9)
        for damaged in [_damage(torch.full((2, 1, 96, 96), tone), settings).frames]
    ]
    assert max(deviation) == pytest.approx(strength, rel=0.08)
    darker = of_stock.shadows < of_stock.highlights
    assert (deviation[0] < deviation[-1]) == darker or of_stock.shadows == of_stock.highlights


def test_colour_layers_share_their_grain_as_the_stock_says() -> None:
    settings = replace(NOTHING, stock=StockGrain("colour reversal"))
    noise = (_damage(torch.full((2, 3, 96, 96), 0.5), settings).frames - 0.5).transpose(0, 1).flatten(1)
    correlation = torch.corrcoef(noise)
    assert float(correlation[0, 1]) == pytest.approx(STOCKS["colour reversal"].correlation, abs=0.06)
    assert float(noise[2].std() / noise[1].std()) == pytest.approx(1.3 / 0.8, rel=0.08)


def test_an_unknown_stock_is_refused() -> None:
    with pytest.raises(ValueError, match="'velvet' must be one of orthochromatic"):
        StockGrain("velvet")


def test_light_is_the_field_it_says_on_every_frame() -> None:
    clip = torch.full((3, 1, 48, 64), 0.5)
    damaged = _damage(clip, replace(NOTHING, vignette=Vignette(fall=0.4, offset=0.0), uneven=Uneven(0.1)))
    assert torch.allclose(damaged.frames, (0.5 * damaged.light).expand_as(clip), atol=1e-6)
    dark = _damage(clip, replace(NOTHING, vignette=Vignette(fall=0.4, offset=0.0))).light
    assert float(dark[24, 32]) == pytest.approx(1.0, abs=0.01)
    assert float(dark[0, 0]) == pytest.approx(0.6, abs=0.02)


def test_a_part_has_the_light_of_its_place() -> None:
    settings = replace(NOTHING, vignette=Vignette(), uneven=Uneven())
    whole = _damage(torch.full((1, 1, 48, 64), 0.5), settings)
    part = _damage(torch.full((1, 1, 20, 24), 0.5), settings, Whole(48, 64, top=28, left=5))
    assert torch.allclose(part.light, whole.light[28:48, 5:29], atol=1e-5)


def test_a_part_has_its_share_of_dirt_at_its_size() -> None:
    settings = replace(NOTHING, dirt=Dirt(per_frame=40))
    whole = _damage(torch.full((20, 1, 192, 256), 0.5), settings)
    part = _damage(torch.full((20, 1, 96, 128), 0.5), settings, Whole(192, 256))
    shares = [float((clip.mask[:, 0] > 0).float().mean()) for clip in (whole, part)]
    assert shares[1] == pytest.approx(shares[0], rel=0.35)


def test_low_resolution_takes_fine_detail_and_leaves_coarse() -> None:
    fine = torch.zeros(1, 1, 48, 64)
    fine[..., ::2] = 1.0
    settings = replace(NOTHING, low_resolution=LowResolution(factor=3.0))
    assert float(_damage(fine, settings).frames[..., 6:-6].std()) < 0.1
    assert (_damage(_ramp(1), settings).frames - _ramp(1)).abs().max() < 0.02


def test_versions_leave_out_what_they_say() -> None:
    coarse = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    clip = torch.nn.functional.interpolate(coarse, (48, 64), mode="bilinear")
    settings = DamageSettings(
        blur=1.0, weave=Weave(deviation=(0.02, 0.02)), fading=Fading(), generations=Generations()
    )
    damaged = damage_clip(clip, settings, np.random.default_rng(4), versions=VERSIONS)
    versions = damaged.versions
    sound = damaged.strength == 0
    assert (damaged.frames - versions["unmarked"])[:, 0][sound].abs().max() < 1 / 255
    assert not torch.equal(damaged.frames, versions["unmarked"])
    only = {"soft": {"grain": None}, "clean": {"grain": None, "blur": 0.0, "flicker": None, "fading": None}}
    for name, changes in only.items():
        kept = replace(settings, dirt=None, hairs=None, scratches=None, **changes)  # type: ignore[arg-type]
        copies = Generations(grain=0.0) if name == "soft" else None
        expected = damage_clip(clip, replace(kept, generations=copies), np.random.default_rng(4)).frames
        assert torch.allclose(versions[name], expected, atol=1e-6)
    assert (versions["toned"] - versions["soft"]).abs().max() > 0.01
    with pytest.raises(ValueError, match="'raw' must be one of unmarked"):
        damage_clip(clip, settings, np.random.default_rng(4), versions=["raw"])


def test_later_kinds_leave_the_first_where_they_were() -> None:
    clip = torch.full((3, 1, 48, 64), 0.5)
    first = replace(NOTHING, flicker=Flicker(), grain=Grain())
    plain = damage_clip(clip, first, np.random.default_rng(4))
    more = damage_clip(
        clip, replace(first, vignette=Vignette(fall=0.0), uneven=Uneven(0.0)), np.random.default_rng(4)
    )
    assert torch.equal(plain.gains, more.gains)
    assert torch.allclose(plain.frames, more.frames, atol=1e-6)
