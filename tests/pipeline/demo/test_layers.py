from collections.abc import Callable

import numpy as np
import pytest

from reelfix.pipeline.demo.layers import Layer, Pose, shoot
from reelfix.pipeline.demo.textures import Sprite, ball, wheel


def _square(side: int, luma: float) -> Sprite:
    return Sprite(np.full((side, side), luma, np.float32), np.ones((side, side), np.float32))


def test_a_layer_lies_where_its_pose_says_and_moves() -> None:
    layer = Layer(_square(5, 1.0), lambda t: Pose(10 + 3 * t, 7))
    first, second = shoot((layer,), 2, 20, 30)
    for frame, x in ((first, 10), (second, 13)):
        rows, columns = np.nonzero(frame > 0.5)
        assert (rows.mean(), columns.mean()) == (7, x)
        assert frame.sum() == pytest.approx(25, abs=1e-3)


def test_the_nearer_layer_hides_the_farther_in_proportion_to_its_opacity() -> None:
    wall = Layer(_square(40, 0.2), lambda t: Pose(10, 10))
    pane = Layer(_square(5, 1.0), lambda t: Pose(10, 10, opacity=0.25))
    (frame,) = shoot((wall, pane), 1, 20, 20)
    assert frame[10, 10] == pytest.approx(0.4, abs=1e-5)
    assert frame[3, 3] == pytest.approx(0.2, abs=1e-5)
    (reversed_frame,) = shoot((pane, wall), 1, 20, 20)
    assert reversed_frame[10, 10] == pytest.approx(0.2, abs=1e-5)


def test_turning_by_a_quarter_lays_a_bar_flat() -> None:
    bar = Sprite(np.ones((11, 3), np.float32), np.ones((11, 3), np.float32))
    (frame,) = shoot((Layer(bar, lambda t: Pose(15, 10, angle=np.pi / 2)),), 1, 20, 30)
    rows, columns = np.nonzero(frame > 0.5)
    assert np.ptp(columns) == 10
    assert np.ptp(rows) == 2


def test_what_is_outside_the_frame_is_cut_off() -> None:
    beside = Layer(_square(5, 1.0), lambda t: Pose(-40, 5))
    over_the_edge = Layer(_square(5, 1.0), lambda t: Pose(0, 5))
    (frame,) = shoot((beside, over_the_edge), 1, 12, 12)
    assert frame.sum() == pytest.approx(15, abs=1e-3)


@pytest.mark.parametrize("make", [lambda r: ball(6, 0.5, r), lambda r: wheel(20, 6, 0.4, r)])
def test_sprites_stay_in_range_and_fade_out_at_their_edge(
    make: Callable[[np.random.Generator], Sprite],
) -> None:
    sprite = make(np.random.default_rng(1))
    assert sprite.picture.shape == sprite.opacity.shape
    assert 0 <= sprite.picture.min() <= sprite.picture.max() <= 1
    assert sprite.opacity.max() == pytest.approx(1, abs=0.01)
    edge = np.concatenate(
        [sprite.opacity[0], sprite.opacity[-1], sprite.opacity[:, 0], sprite.opacity[:, -1]]
    )
    assert edge.max() < 0.01
