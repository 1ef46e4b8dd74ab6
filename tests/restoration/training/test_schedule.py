"""The learning rate along a run, and the seeds of its steps."""

import pytest

from reelfix.restoration.training.schedule import rate_scale, same_so_far, step_seed
from reelfix.restoration.training.settings import TrainingSettings


def test_constant_then_linear_to_nothing_after_a_warm_up():
    settings = TrainingSettings(steps=10, constant_share=0.6, warm_up=3)
    scales = [rate_scale(settings, step) for step in range(10)]
    assert scales == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_schedules_agree_until_one_of_them_falls():
    short, long = (TrainingSettings(steps=steps, constant_share=0.5) for steps in (10, 20))
    assert same_so_far(short, long, 6)
    assert not same_so_far(short, long, 7)


def test_seeds_differ_by_all_they_are_made_of():
    seeds = {step_seed(seed, step, purpose) for seed in (0, 1) for step in (0, 1) for purpose in ("a", "b")}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert step_seed(0, 1, "a") == step_seed(0, 1, "a")
