"""Colours carried along the motion."""

import numpy as np
import torch

from reelfix.restoration.colour.propagate import Carried, Way, blended, ways
from reelfix.restoration.motion import Motion


def steady(frames: int, dx: float, height: int = 8, width: int = 12) -> Motion:
    """All moves to the right by `dx` pixels a frame, on a grid of height x width."""
    flow = torch.zeros(frames, 2, height, width)
    flow[:, 0] = dx
    trust = torch.ones(frames, 1, height, width)
    return Motion(flow, -flow, trust, trust.clone())


def test_a_way_is_the_sum_of_its_steps_in_both_directions() -> None:
    motion = steady(5, 2.0)
    there = dict(ways(motion, 4, 0))
    assert list(there) == [1, 2, 3, 4]
    np.testing.assert_allclose(there[3].flow[..., 0], -6.0)
    onward = dict(ways(motion, 1, 4))
    assert list(onward) == [3, 2, 1]
    np.testing.assert_allclose(onward[1].flow[..., 0], 6.0)


def test_a_way_is_trusted_as_far_as_its_least_trusted_step() -> None:
    motion = steady(4, 0.0)
    motion.backward_confidence[2, 0, 3, 5] = 0.2
    way = dict(ways(motion, 3, 0))[3]
    assert 0.15 < way.trust[3, 5] < 0.2
    assert way.trust[4, 5] > 0.95


def test_colours_move_with_their_thing() -> None:
    colours = np.zeros((8, 12, 2), np.float32)
    colours[3, 4] = (50, -30)
    way = dict(ways(steady(4, 2.0), 3, 0))[3]  # one grid point a frame
    moved = way.bring(colours)
    np.testing.assert_allclose(moved[3, 7], (50, -30), atol=1e-4)
    assert np.abs(moved[3, 4]).max() < 1e-4


def test_another_tone_at_the_ways_end_is_not_trusted_but_other_light_is() -> None:
    here = np.random.default_rng(0).uniform(0.4, 0.6, (40, 60)).astype(np.float32)
    still = Way(np.zeros((40, 60, 2), np.float32), np.ones((40, 60), np.float32))
    lighter = here + np.float32(0.2)
    assert still.agreeing(here, lighter).trust.min() > 0.9
    other = here.copy()
    other[10:16, 20:26] += 0.3
    agreeing = still.agreeing(here, other)
    assert agreeing.trust[12, 22] < 0.05
    assert agreeing.trust[30, 50] > 0.8


def test_what_is_trusted_decides() -> None:
    red = Carried(np.full((2, 2, 2), 40.0, np.float32), np.array([[1, 0], [1, 0]], np.float32))
    blue = Carried(np.full((2, 2, 2), -40.0, np.float32), np.array([[0, 1], [1, 0]], np.float32))
    mixed = blended([red, blue], [0.75, 0.25])
    np.testing.assert_allclose(mixed.colours[..., 0], [[40, -40], [20, 20]], atol=0.5)
    np.testing.assert_allclose(mixed.trust, [[1, 1], [1, 0]])
