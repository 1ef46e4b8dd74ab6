from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reelfix.restoration.training.colour_hints import HintSettings
from reelfix.restoration.training.source_colour import ColourSource, worn_gray


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    colours = {"red": (200, 40, 40), "blue": (40, 60, 200), "gray": (120, 120, 120)}
    for name, rgb in colours.items():
        picture = np.full((50, 70, 3), rgb, np.uint8)
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture[..., ::-1])
    np.save(tmp_path / "film.npy", np.full((3, 40, 60, 3), (40, 180, 60), np.uint8))
    return tuple(sorted(tmp_path.iterdir()))


def _source(files: tuple[Path, ...], **settings: float) -> ColourSource:
    return ColourSource(files, 1, 8, 32, **settings)


def test_batches_are_of_the_shapes_and_units_stated(files: tuple[Path, ...]) -> None:
    batch = _source(files).batch(0)
    assert {name: tuple(values.shape[1:]) for name, values in batch.items()} == {
        "gray": (1, 32, 32),
        "ab": (2, 8, 8),
        "hint_ab": (2, 8, 8),
        "hint_weight": (1, 8, 8),
    }
    assert all(values.dtype == torch.float32 for values in batch.values())
    assert batch["gray"].min() >= 0
    assert batch["gray"].max() <= 1


def test_a_batch_is_a_function_of_seed_and_step(files: tuple[Path, ...]) -> None:
    one, same, other = _source(files).batch(3), _source(files).batch(3), _source(files).batch(4)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["gray"], other["gray"])


def test_colours_are_the_pictures_and_gray_ones_are_passed_over(files: tuple[Path, ...]) -> None:
    source = _source(files, films=0.3, worn=0.0)
    batches = [
        ColourSource(files, 1, 8, 32, 0.3, 0.0, hints=HintSettings(points=0, matched=0)).batch(n)
        for n in range(6)
    ]
    means = torch.cat([batch["ab"] for batch in batches]).mean(dim=(2, 3))
    kinds = {(bool(a > 0), bool(b > 0)) for a, b in means}
    assert kinds == {(True, True), (True, False), (False, True)}  # red, blue, the film's green
    assert means.norm(dim=1).min() > 20
    assert source.batch(0)["gray"].std() > 0  # not all of one tone


def test_a_patch_is_of_another_picture_with_its_own_colours(files: tuple[Path, ...]) -> None:
    two = files[:1] + files[-1:]
    plain = ColourSource(two, 1, 8, 32, worn=0.0, hints=HintSettings(points=0, matched=0))
    patched = replace(plain, patched=1.0)
    tones: dict[float, float] = {}
    for step in range(6):
        batch = plain.batch(step)
        tones |= {
            round(float(g[0, 0, 0]), 3): float(c[1, 0, 0])
            for g, c in zip(batch["gray"], batch["ab"], strict=True)
        }
    mixed = [patched.batch(step) for step in range(6)]
    assert any(gray.std() > 0.01 for batch in mixed for gray in batch["gray"])
    for batch in mixed:
        for gray, ab in zip(
            batch["gray"][:, 0, ::4, ::4].flatten(), batch["ab"][:, 1].flatten(), strict=True
        ):
            assert tones[round(float(gray), 3)] == pytest.approx(float(ab), abs=0.01)


def test_without_pictures_there_is_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        _source(())


def test_worn_gray_keeps_the_picture_and_varies_it() -> None:
    rows, columns = np.mgrid[:32, :32].astype(np.float32) / 31
    picture = np.stack([rows, columns, 1 - rows], axis=-1)
    plain = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    found = [worn_gray(picture, np.random.default_rng(seed)) for seed in range(30)]
    assert all(gray.min() >= 0 and gray.max() <= 1 and gray.dtype == np.float32 for gray in found)
    alike = [np.corrcoef(gray.ravel(), plain.ravel())[0, 1] for gray in found]
    assert np.mean(alike) > 0.8
    assert np.std([gray.mean() for gray in found]) > 0.02
