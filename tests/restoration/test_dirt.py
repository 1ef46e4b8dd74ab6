import cv2
import numpy as np
import pytest
import torch

from reelfix.restoration.blotch_evidence import VIEWS, Scene, scene_of
from reelfix.restoration.dirt import dirt_probability
from reelfix.restoration.neighbours import neighbours_of, repeats_in
from reelfix.restoration.optical_flow import estimate_motion

HEIGHT, WIDTH, FRAMES = 200, 300, 7


def clip(grain: float = 0.01) -> list[np.ndarray]:
    """A still texture with grain."""
    random = np.random.default_rng(4)
    base = cv2.resize(random.random((16, 20), np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    base = 0.3 + 0.4 * np.clip(base, 0, 1)
    return [(base + random.normal(0, grain, base.shape)).astype(np.float32) for _ in range(FRAMES)]


def found(lumas: list[np.ndarray], frame: int, strength: float = 1.0) -> np.ndarray:
    motion = estimate_motion(torch.from_numpy(np.stack(lumas)[:, None]))
    near = neighbours_of(repeats_in(lumas), motion, frame, 3)
    return dirt_probability(scene_of(lumas, near[:VIEWS], frame), strength)


def soft_mark(radius: float, softness: float) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(y - 60, x - 80)
    return (1 / (1 + np.exp(np.minimum((distance - radius) / softness, 80)))).astype(np.float32)


@pytest.mark.parametrize("tone", [0.0, 1.0])
def test_a_mark_is_found_with_its_soft_edge_and_not_much_more(tone: float) -> None:
    lumas = clip()
    opacity = soft_mark(6, 0.7)
    clean = lumas[3].copy()
    lumas[3] += opacity * (tone - lumas[3])
    mask = found(lumas, 3) >= 128
    damaged = np.abs(lumas[3] - clean) > 0.04
    assert mask[damaged].mean() > 0.95
    assert mask.sum() < 1.5 * (np.abs(lumas[3] - clean) > 0.02).sum()


def test_a_faint_blotch_is_found() -> None:
    lumas = clip(0.015)
    lumas[3] -= 0.06 * soft_mark(12, 1.5)
    assert (found(lumas, 3) >= 128)[soft_mark(10, 0.1) > 0.5].mean() > 0.8


def test_a_large_mark_at_a_shots_end_is_found() -> None:
    lumas = clip()
    lumas[0][50:70, 70:90] = 0.95
    assert (found(lumas, 0) >= 128)[51:69, 71:89].mean() > 0.9


def test_a_fast_limb_is_no_dirt() -> None:
    lumas = clip()
    for t, luma in enumerate(lumas):
        luma[40:75, 60 + 16 * t : 69 + 16 * t] = 0.1
    mask = found(lumas, 3) >= 128
    assert mask[40:75, 106:119].mean() < 0.05


def test_probabilities_are_graded_and_the_same_each_time() -> None:
    lumas = clip()
    lumas[3] -= 0.1 * soft_mark(5, 1.5)
    probability = found(lumas, 3)
    assert probability.dtype == np.uint8
    assert len(np.unique(probability)) > 10
    assert (probability == found(lumas, 3)).all()


def test_less_strength_asks_for_more() -> None:
    lumas = clip()
    lumas[3] -= 0.1 * soft_mark(5, 1.0)
    assert (found(lumas, 3) >= 128).any()
    assert not (found(lumas, 3, 0.2) >= 128).any()


def test_without_two_views_nothing_is_known() -> None:
    luma = clip()[0]
    assert not dirt_probability(Scene(luma, [luma], [], [], False)).any()


def test_what_is_lighter_at_a_shots_end_is_no_dirt() -> None:
    """A tower in haze, which is gone in the next frame: no more than its light has changed."""
    lumas = clip()
    for luma in lumas[1:]:
        luma[20:90, 60:95] *= 0.6
    assert (found(lumas, 0) >= 128).mean() < 0.005
