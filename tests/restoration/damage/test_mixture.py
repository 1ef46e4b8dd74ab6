from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    CHANCES,
    ERAS,
    FULL_ERAS,
    NOTHING,
    STRUCTURED,
    DamageSettings,
    Tint,
    damage_clip,
    random_settings,
)

KINDS = [field.name for field in fields(DamageSettings) if field.name != "film_height_mm"]


def _there(settings: DamageSettings) -> set[str]:
    return {kind for kind in KINDS if getattr(settings, kind) not in (None, 0.0)}


@pytest.mark.parametrize("era", FULL_ERAS)
def test_an_era_has_what_it_had_and_more(era: str) -> None:
    assert FULL_ERAS.keys() == ERAS.keys()
    for kind in KINDS:
        if kind not in ("blur", "scratches") and getattr(ERAS[era], kind) is not None:
            assert getattr(FULL_ERAS[era], kind) == getattr(ERAS[era], kind)
    scratches = FULL_ERAS[era].scratches
    assert scratches is not None
    assert replace(scratches, coloured=0.0) == ERAS[era].scratches
    assert len(_there(FULL_ERAS[era])) > len(_there(ERAS[era])) + 5


def test_the_same_seed_draws_the_same_settings() -> None:
    assert random_settings(np.random.default_rng(5)) == random_settings(np.random.default_rng(5))
    assert random_settings(np.random.default_rng(5)) != random_settings(np.random.default_rng(6))


def test_every_kind_comes_and_goes_as_often_as_its_chance() -> None:
    drawn = [_there(random_settings(np.random.default_rng(seed), "1940s")) for seed in range(300)]
    for kind in _there(FULL_ERAS["1940s"]) - {"grain", "drop_outs", "copied_marks"}:
        share = sum(kind in there for there in drawn) / 300
        assert share == pytest.approx(CHANCES[kind], abs=0.1)
        assert 0 < share < 1
    assert not any({"grain", "stock"} <= there for there in drawn)
    assert not any("drop_outs" in there and "tape" not in there for there in drawn)


def test_films_before_colour_are_monochrome() -> None:
    clip = torch.rand(2, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    random = np.random.default_rng(9)
    tint = random_settings(random, "1920s").tint
    assert tint is not None
    assert random_settings(random, "1970s").tint is None
    neutral = replace(NOTHING, tint=Tint((1.0, 1.0, 1.0)))
    frames = damage_clip(clip, neutral, random).frames
    assert torch.allclose(frames[:, 0], frames[:, 2], atol=1e-6)


def test_parameters_vary_about_the_eras() -> None:
    dirt = [random_settings(np.random.default_rng(seed), "1900s").dirt for seed in range(100)]
    counts = np.array([kind.per_frame for kind in dirt if kind is not None])
    assert counts.min() >= 30 / 2.5
    assert counts.max() <= 30 * 2.5
    assert counts.std() > 8
    assert float(np.exp(np.log(counts).mean())) == pytest.approx(30, rel=0.25)
    stocks = {
        settings.stock.stock
        for seed in range(60)
        if (settings := random_settings(np.random.default_rng(seed), "1940s")).stock is not None
    }
    assert len(stocks) >= 3


def test_structured_and_unstructured_can_be_asked_for_apart() -> None:
    for seed in range(20):
        both, marks, picture = (
            random_settings(np.random.default_rng(seed), None, structured, unstructured)
            for structured, unstructured in ((True, True), (True, False), (False, True))
        )
        assert _there(marks) - {"copied_marks"} == _there(both) & STRUCTURED
        assert not _there(picture) & STRUCTURED
        assert _there(picture) | _there(marks) == _there(both)
        assert marks.dirt == both.dirt
    with pytest.raises(ValueError, match="Neither structured nor"):
        random_settings(np.random.default_rng(1), None, False, False)
    with pytest.raises(ValueError, match="era = '1890s' must be one of 1900s"):
        random_settings(np.random.default_rng(1), "1890s")


@pytest.mark.parametrize("channels", [1, 3])
def test_whatever_is_drawn_makes_a_picture(channels: int) -> None:
    clip = torch.rand(3, channels, 40, 56, generator=torch.Generator().manual_seed(0))
    for seed in range(15):
        random = np.random.default_rng(seed)
        frames = damage_clip(clip, random_settings(random), random).frames
        assert frames.isfinite().all()
        assert float(frames.min()) >= 0
        assert float(frames.max()) <= 1
