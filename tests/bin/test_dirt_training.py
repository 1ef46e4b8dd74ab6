from collections.abc import Iterator

import numpy as np
import pytest
import torch

from reelfix.bin.benchmarks._dirt_flying import flying, swinging
from reelfix.bin.benchmarks._dirt_softness import coded, dimmed, softened
from reelfix.bin.benchmarks._dirt_training import Samples, train_judge
from reelfix.restoration.blotch_edges import EDGE_EVIDENCE
from reelfix.restoration.blotch_evidence import EVIDENCE
from reelfix.restoration.dirt_judge import Judge


def test_what_flies_is_in_every_frame_elsewhere() -> None:
    clip = np.full((5, 1, 60, 80), 0.5, np.float32)
    thrown = [throw(clip, np.random.default_rng(seed)) for throw in (flying, swinging) for seed in range(3)]
    assert (clip == 0.5).all()
    for frames in thrown:
        changed = np.abs(frames - 0.5) > 0.05
        assert changed.any(axis=(1, 2, 3)).sum() >= 2
        assert not (changed[0] & changed[4]).all()
        assert frames.min() >= 0
        assert frames.max() <= 1


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Many threads wait for each other where steps are as small as here."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def samples(marks: int, pixels: int) -> Samples:
    """Marks that the fifth piece of evidence tells, and pixels that the third look tells besides."""
    random = np.random.default_rng(3)
    evidence = random.normal(size=(marks, EVIDENCE))
    is_dirt = (evidence[:, 4] > 0).astype(np.float64)
    looks = random.normal(size=(pixels // 8, EDGE_EVIDENCE - 1)).repeat(8, axis=0)
    number = random.integers(0, marks, len(looks))
    is_damaged = (is_dirt[number] > 0) & (looks[:, 2] > 0)
    return Samples(evidence, is_dirt, np.ones(marks), looks, number, is_damaged)


@pytest.mark.usefixtures("one_thread")
def test_a_judge_learns_what_decides() -> None:
    known = samples(600, 16000)
    judge = Judge.parse(train_judge(known))
    odds = judge.blotches.log_odds(known.evidence.T)
    assert ((odds > 0) == (known.is_dirt > 0)).mean() > 0.95
    seen = np.column_stack([np.clip(odds[known.number] / 3, -3, 3), known.looks])
    assert ((judge.pixels.log_odds(seen.T) > 0) == known.is_damaged).mean() > 0.85


@pytest.mark.usefixtures("one_thread")
def test_training_is_the_same_each_time_and_leaves_the_random_state() -> None:
    known = samples(100, 800)
    torch.manual_seed(5)
    first = train_judge(known)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.rand(1) == drawn
    assert train_judge(known) == first


def test_what_is_softened_keeps_its_tones_and_loses_detail() -> None:
    random = np.random.default_rng(0)
    clip = random.uniform(0.2, 0.8, (4, 1, 48, 64)).astype(np.float32)
    clip[:, :, :, 32:] *= 0.5
    for seed in range(4):
        soft = softened(clip, np.random.default_rng(seed))
        assert soft.shape == clip.shape
        assert soft.dtype == np.float32
        assert abs(soft[..., :30].mean() - clip[..., :30].mean()) < 0.02
        assert soft[..., 34:].std() < clip[..., 34:].std()
    assert np.abs(coded(clip, quality=1) - clip).max() < 0.06


def test_what_is_dimmed_is_darker() -> None:
    clip = np.full((2, 1, 4, 4), 0.8, np.float32)
    assert (dimmed(clip, np.random.default_rng(1)) < 0.8).all()
