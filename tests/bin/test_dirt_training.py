import numpy as np

from reelfix.bin.benchmarks._dirt_flying import flying, swinging
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


def test_a_judge_learns_what_decides() -> None:
    random = np.random.default_rng(3)
    evidence = random.normal(size=(600, EVIDENCE))
    is_dirt = (evidence[:, 4] > 0).astype(np.float64)
    looks = random.normal(size=(2000, EDGE_EVIDENCE - 1)).repeat(8, axis=0)
    number = random.integers(0, 600, 16000)
    is_damaged = (is_dirt[number] > 0) & (looks[:, 2] > 0)
    samples = Samples(evidence, is_dirt, np.ones(600), looks, number, is_damaged)
    judge = Judge.parse(train_judge(samples))
    odds = judge.blotches.log_odds(evidence.T)
    assert ((odds > 0) == (is_dirt > 0)).mean() > 0.95
    seen = np.column_stack([np.clip(odds[number] / 3, -3, 3), looks])
    assert ((judge.pixels.log_odds(seen.T) > 0) == is_damaged).mean() > 0.85
