from pathlib import Path

import numpy as np
import pytest
import torch

from reelfix.restoration.detector_inputs import INPUTS
from reelfix.restoration.training.prepared import ARRAYS, Arrays, Item, open_arrays, write_item
from reelfix.restoration.training.source_detect import DetectSource, told_of, wanted_of

T, H, W = 6, 64, 80
SPOT, LINE, FAINT = np.s_[2, 20:26, 30:36], np.s_[:, :, 50:52], np.s_[3, 40:44, 10:14]


def clip_with_marks() -> dict[str, np.ndarray]:
    random = np.random.default_rng(4)
    unmarked = np.clip(random.normal(120, 2, (T, H, W)), 0, 255).astype(np.uint8)
    frames, truth = unmarked.copy(), np.zeros((T, 2, H, W), np.uint8)
    frames[SPOT] += 80
    frames[LINE] -= 40
    frames[FAINT] += 6
    truth[:, 0][SPOT], truth[:, 1][LINE], truth[:, 0][FAINT] = 255, 255, 255
    return dict.fromkeys(ARRAYS, unmarked) | {
        "frames": frames,
        "soft": np.full_like(unmarked, 120),
        "truth": truth,
        "found": np.zeros((T, 2, H, W), np.uint8),
        "flow": np.zeros((T, 4, H // 2, W // 2), np.int16),
        "trust": np.full((T, 2, H // 2, W // 2), 255, np.uint8),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepared")
    write_item(root / "00000", Item("a.mp4", "1920s", 0, "train"), clip_with_marks())
    return root


@pytest.fixture
def clip(folder: Path) -> Arrays:
    return open_arrays(folder / "00000")


def source(folder: Path, **changes: float) -> DetectSource:
    return DetectSource((folder,), (1.0,), "train", 3, 2, height=48, width=64, **changes)


def test_a_batch_is_a_function_of_seed_and_step(folder: Path) -> None:
    one, other = source(folder).batch(7), source(folder).batch(7)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(one["inputs"], source(folder).batch(8)["inputs"])
    assert one["inputs"].shape == (2, INPUTS, 24, 32)
    assert one["truth"].shape == one["weight"].shape == (2, 2, 48, 64)
    assert one["truth"].unique().tolist() == [0, 1]


def test_inputs_lie_over_the_truth_mirrored_or_not(clip: Arrays) -> None:
    for mirrored in (False, True):
        told = told_of(clip, 2, mirrored=mirrored)
        spot = torch.nn.functional.max_pool2d(torch.from_numpy(told["truth"][:1]), 2)[0].numpy() > 0
        stands_out = told["inputs"][4] > 1.2  # difference from the frame before
        assert (stands_out == spot).mean() > 0.99
        assert np.flatnonzero(spot.any(axis=0)).tolist() == ([22, 23, 24] if mirrored else [15, 16, 17])


def test_plain_marks_count_fully_faint_ones_little_and_their_sides_less(clip: Arrays) -> None:
    truth, weight = wanted_of(clip, 2, 1.0)
    assert truth[0, 20:26, 30:36].all()
    assert truth[1, :, 50:52].all()
    assert truth.sum() == 36 + 2 * H
    assert (weight[0, 20:26, 30:36] == 1).all()
    assert weight[0, 19, 32] == weight[1, 5, 52] == np.float32(0.3)
    assert weight[0, 5, 5] == weight[1, 5, 5] == 1
    _, faint = wanted_of(clip, 3, 1.0)
    assert (faint[0, 40:44, 10:14] < 0.5).all()


def test_with_less_strength_less_is_wanted_and_what_is_not_is_no_fault(clip: Arrays) -> None:
    truth, weight = wanted_of(clip, 2, 0.07)  # the line's change comes to less than counts
    assert truth[0, 20:26, 30:36].all()
    assert not truth[1].any()
    assert (weight[1, :, 50:52] < 0.2).all()


def test_where_nobody_knows_nothing_counts(clip: Arrays) -> None:
    ignore = np.zeros((T, 2, H, W), np.uint8)
    ignore[2, 1, :, 50:52] = 255
    _, weight = wanted_of({**clip, "ignore": ignore}, 2, 1.0)
    assert not weight[1, :, 50:52].any()
    assert weight[0, :, 50:52].all()


def test_clips_smaller_than_the_crop_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="Ask for less"):
        _ = DetectSource((folder,), (1.0,), "train", 0, 1, height=66, width=64).clips
