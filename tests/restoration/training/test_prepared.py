from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import NOTHING, Dirt, Flicker, Grain
from reelfix.restoration.training.prepared import (
    ARRAYS,
    Item,
    as_motion,
    open_arrays,
    prepare,
    read_items,
    write_item,
)
from reelfix.restoration.training.still_clips import Camera, still_clip
from reelfix.restoration.training.variety import varied_damage

SETTINGS = replace(
    NOTHING, dirt=Dirt(per_frame=4.0), grain=Grain(strength=0.02), flicker=Flicker(gain=0.05), blur=1.0
)


def _still(height: int, width: int) -> np.ndarray:
    generator = np.random.default_rng(3)
    coarse = generator.random((height // 8 + 1, width // 8 + 1)).astype(np.float32)
    return np.kron(coarse, np.ones((8, 8), np.float32))[:height, :width]


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    clip = still_clip(
        _still(96, 128), [], np.random.default_rng(0), frames=6, height=64, width=80, camera=Camera(pan=1.0)
    )
    clean = torch.from_numpy(0.1 + 0.7 * clip[:, None])
    return prepare(clean, SETTINGS, 5)


def test_truths_differ_by_what_the_generator_did(arrays: dict[str, np.ndarray]) -> None:
    frames, unmarked, soft, clean = (
        arrays[name].astype(int) for name in ("frames", "unmarked", "soft", "clean")
    )
    marked = arrays["truth"].max(axis=1) > 0
    assert 0 < marked.mean() < 0.2
    assert np.abs(frames - unmarked)[~marked].max() <= 9  # less than can be seen
    assert np.abs(frames - unmarked)[marked].mean() > 15
    assert 2 < (unmarked - soft).std() < 8
    assert np.abs(np.diff(soft, axis=2)).max() < np.abs(np.diff(clean, axis=2)).max()


def test_all_versions_share_the_light_of_the_frames(arrays: dict[str, np.ndarray]) -> None:
    marked = arrays["truth"].max(axis=1) > 0
    for frame, soft, hurt in zip(arrays["frames"], arrays["soft"], marked, strict=True):
        assert abs(float(frame[~hurt].mean()) - float(soft[~hurt].mean())) < 1


def test_filling_brings_damaged_places_nearer_to_the_truth(arrays: dict[str, np.ndarray]) -> None:
    found = arrays["found"].max(axis=1) >= 128
    marked = (arrays["truth"].max(axis=1) > 0) & found
    left = np.abs(arrays["filled"].astype(int) - arrays["unmarked"])[marked].mean()
    assert left < 0.5 * np.abs(arrays["frames"].astype(int) - arrays["unmarked"])[marked].mean()
    np.testing.assert_array_equal(arrays["filled"][~found], arrays["frames"][~found])


def test_a_seed_gives_the_same_clip_again(arrays: dict[str, np.ndarray]) -> None:
    clip = still_clip(
        _still(96, 128), [], np.random.default_rng(0), frames=6, height=64, width=80, camera=Camera(pan=1.0)
    )
    again = prepare(torch.from_numpy(0.1 + 0.7 * clip[:, None]), SETTINGS, 5)
    for name in ARRAYS:
        np.testing.assert_array_equal(again[name], arrays[name])


def test_items_are_read_back_by_part(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    write_item(tmp_path / "00000", Item("a.mp4", "1920s", 5, "train"), arrays)
    write_item(tmp_path / "00001", Item("b.mp4", "1920s", 5, "validation"), arrays)
    (tmp_path / "00002").mkdir()  # one that was not finished
    assert read_items(tmp_path, "train") == [tmp_path / "00000"]
    opened = open_arrays(tmp_path / "00000")
    np.testing.assert_array_equal(opened["filled"], arrays["filled"])
    motion = as_motion(opened["flow"], opened["trust"])
    assert motion.forward.shape == (6, 2, 32, 40)
    with pytest.raises(FileNotFoundError, match="no prepared clips of part train"):
        read_items(tmp_path / "00001", "train")


def test_a_camera_that_stands_shows_things_that_move() -> None:
    still = np.full((64, 64), 0.2, np.float32)
    other = np.full((64, 64), 0.9, np.float32)
    clip = still_clip(
        still, [other], np.random.default_rng(1), frames=5, height=48, width=48, camera=Camera(0, 0, 0, 0)
    )
    assert clip.dtype == np.float32
    assert float(clip.max()) > 0.85
    assert float(np.abs(np.diff(clip, axis=0)).max()) > 0.1


def test_damage_varies_but_follows_from_the_generator() -> None:
    drawn = [varied_damage(np.random.default_rng(seed), 288) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    for seed in range(20):
        _, settings = varied_damage(np.random.default_rng(seed), 288)
        assert settings.grain is not None
        assert 0.003 <= settings.grain.strength <= 0.036
        assert settings.scratches is None or settings.scratches.opacity[0] < settings.scratches.opacity[1]
