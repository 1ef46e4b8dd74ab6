"""Colours given at points."""

import numpy as np
import torch

from reelfix.restoration.colour.guides import Point
from reelfix.restoration.colour.points import colour_of, corrected, near

FEATURES = torch.tensor([[1.0, 1.0, -1.0, -1.0], [0.1, 0.1, 0.1, 0.1]]).reshape(2, 1, 4).expand(2, 3, 4)


def test_a_point_is_on_one_place_at_least() -> None:
    assert near(Point(0, 30.0, 10.0, (1, 0, 0), 0.0), (12, 16), (48, 64)).sum() == 1
    assert near(Point(0, 30.0, 10.0, (1, 0, 0), 0.0), (12, 16), (48, 64))[2, 7]
    assert near(Point(0, 30.0, 10.0, (1, 0, 0), 9.0), (12, 16), (48, 64)).sum() > 8


def test_a_thing_alike_is_coloured_and_another_is_not() -> None:
    point = Point(0, 8.0, 12.0, (0.9, 0.2, 0.1), 2.0)
    guide = np.full((12, 16), 0.5, np.float32)
    made, decided = corrected(np.zeros((12, 16, 2), np.float32), [point], guide, FEATURES, (24, 32))
    wanted = colour_of(point)
    np.testing.assert_allclose(made[5, 3], wanted, atol=1.0)
    assert made[4, 6, 0] > 0.2 * wanted[0]
    assert np.abs(made[:, 11:]).max() < 0.1 * wanted[0]
    assert decided[5, 3] == 1
    assert decided[:, 11:].max() < 0.1


def test_what_has_the_points_colours_already_is_left() -> None:
    point = Point(0, 8.0, 12.0, (0.9, 0.2, 0.1), 2.0)
    colours = np.ascontiguousarray(np.broadcast_to(colour_of(point), (12, 16, 2)))
    made, _ = corrected(colours, [point], np.full((12, 16), 0.5, np.float32), FEATURES, (24, 32))
    np.testing.assert_allclose(made, colours, atol=1e-3)


def test_each_of_two_points_keeps_its_own_colour() -> None:
    points = [Point(0, 6.0, 12.0, (0.9, 0.2, 0.1), 1.0), Point(0, 11.0, 12.0, (0.1, 0.2, 0.9), 1.0)]
    guide = np.full((12, 16), 0.5, np.float32)
    made, _ = corrected(np.zeros((12, 16, 2), np.float32), points, guide, FEATURES, (24, 32))
    np.testing.assert_allclose(made[5, 2], colour_of(points[0]), atol=2.0)
    np.testing.assert_allclose(made[5, 5], colour_of(points[1]), atol=2.0)
