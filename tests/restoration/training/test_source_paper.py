"""Batches of stills: the same for a seed and a step, damaged where the mask says, of any file's size."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reelfix.restoration.training.source_paper import CleanStills, RealStills, read_still
from reelfix.restoration.training.source_paper_damage import compressed, damaged_still, drawn_damage


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    random = np.random.default_rng(0)
    for name, size in (("a.png", (80, 100)), ("b.jpg", (20, 60))):
        coarse = random.integers(0, 256, (5, 6, 3), np.uint8)
        cv2.imwrite(str(tmp_path / name), cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC))
    return tmp_path / "a.png", tmp_path / "b.jpg"


def test_a_batch_is_a_function_of_seed_and_step(files: tuple[Path, ...]) -> None:
    first, again, other = (CleanStills(files, seed, 2, crop=32) for seed in (5, 5, 6))
    batch = first.batch(3)
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "clean": (2, 3, 32, 32),
        "damaged": (2, 3, 32, 32),
        "mask": (2, 1, 32, 32),
    }
    first.batch(4)
    assert all(torch.equal(tensor, again.batch(3)[name]) for name, tensor in batch.items())
    assert not torch.equal(batch["clean"], other.batch(3)["clean"])
    assert not torch.equal(batch["clean"], first.batch(4)["clean"])
    assert all(
        tensor.dtype == torch.float32 and 0 <= tensor.min() <= tensor.max() <= 1 for tensor in batch.values()
    )


def test_marks_lie_where_the_mask_says() -> None:
    clean = np.full((1, 96, 96), 0.5, np.float32)
    inside, outside = [], []
    for seed in range(40):
        damaged, mask = damaged_still(clean, np.random.default_rng(seed))
        off = np.abs(damaged - np.median(damaged))
        if mask.any():
            inside.append(off[mask > 0].mean())
            outside.append(off[mask == 0].mean())
    assert 15 < len(inside) < 40
    assert np.mean(inside) > 2 * np.mean(outside)


def test_every_kind_of_damage_comes_up_and_gray_gets_gray_grain() -> None:
    drawn = [drawn_damage(np.random.default_rng(seed), gray=True) for seed in range(60)]
    for kind in ("blur", "stock", "low_resolution", "fading", "vignette", "uneven", "dirt", "scratches"):
        share = np.mean([bool(getattr(settings, kind)) for settings in drawn])
        assert 0.05 < share < 0.95, kind
    assert not any(settings.weave or settings.flicker for settings in drawn)
    clean = np.full((3, 40, 40), 0.5, np.float32)
    for seed in range(8):
        damaged, _ = damaged_still(clean, np.random.default_rng(seed))
        assert np.abs(np.ptp(damaged, axis=0)).mean() < 0.02


def test_compression_loses_more_at_a_lower_quality() -> None:
    picture = np.random.default_rng(0).random((3, 40, 48), np.float32)
    low, high = (np.abs(compressed(picture, quality) - picture).mean() for quality in (20, 98))
    assert 0 < high < low
    assert compressed(picture[:1], 90).shape == (1, 40, 48)
    red = np.zeros((3, 16, 16), np.float32)
    red[0] = 0.8
    assert compressed(red, 95)[0].mean() == pytest.approx(0.8, abs=0.03)


def test_gray_nets_get_gray_pictures_and_colour_ones_colour(files: tuple[Path, ...]) -> None:
    assert RealStills(files, 0, 2, crop=32, channels=1).batch(0)["real"].shape == (2, 1, 32, 32)
    plain = RealStills(files, 0, 4, crop=32, gray=0.0).batch(0)["real"]
    faded = RealStills(files, 0, 4, crop=32, gray=1.0).batch(0)["real"]
    assert (plain.amax(dim=1) - plain.amin(dim=1)).max() > 0.1
    assert (faded.amax(dim=1) - faded.amin(dim=1)).max() == 0


def test_what_no_batch_can_be_made_of_is_refused(files: tuple[Path, ...], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pictures"):
        CleanStills((), 0, 1)
    with pytest.raises(ValueError, match="multiple of 4"):
        RealStills(files, 0, 1, crop=50)
    random = np.random.default_rng(0)
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ValueError, match=r"notes.txt cannot be read"):
        read_still(tmp_path / "notes.txt", 3, random)
    np.save(tmp_path / "wide.npy", np.zeros((2, 4, 4), np.float32))
    with pytest.raises(ValueError, match=r"wide.npy is float32 \(2, 4, 4\)"):
        read_still(tmp_path / "wide.npy", 3, random)


def test_frames_of_films_are_drawn(tmp_path: Path) -> None:
    np.save(tmp_path / "gray.npy", np.array([[[10, 20]], [[30, 40]]], np.uint8))
    np.save(tmp_path / "colour.npy", np.array([[[[255, 0, 0]]]], np.uint8))
    random = np.random.default_rng(0)
    seen = {float(read_still(tmp_path / "gray.npy", 3, random)[0, 0, 0] * 255) for _ in range(20)}
    assert seen == {10.0, 30.0}
    assert read_still(tmp_path / "gray.npy", 3, random).shape == (3, 1, 2)
    assert read_still(tmp_path / "colour.npy", 3, random)[:, 0, 0].tolist() == [1.0, 0.0, 0.0]
    assert read_still(tmp_path / "colour.npy", 1, random)[0, 0, 0] == pytest.approx(0.299, abs=0.01)
