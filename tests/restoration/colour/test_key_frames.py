"""Key frames: where they lie, and how one is painted."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from reelfix.restoration.colour.guides import Point
from reelfix.restoration.colour.key_frames import (
    DISTANCE,
    KeyColours,
    Known,
    Painter,
    colours_of,
    key_frames,
    keys_about,
)
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.colour.net import Hints, Prediction
from reelfix.restoration.colour.propagate import Carried, Way

CPU = torch.device("cpu")


class OneColour:
    """A net that gives all the same colour, and heeds no hints."""

    def __init__(self, ab: tuple[float, float]) -> None:
        self._ab = ab
        self.hints: Hints | None = None

    def predict(self, luma: torch.Tensor, hints: Hints | None, saturation: float = 1.0) -> Prediction:
        """Give the colour; features tell light from dark."""
        self.hints = hints
        quarter, eighth = ((-(-luma.shape[2] // n), -(-luma.shape[3] // n)) for n in (4, 8))
        ab = torch.tensor(self._ab).reshape(1, 2, 1, 1).expand(1, 2, *quarter) * saturation
        tone = torch.nn.functional.adaptive_avg_pool2d(luma, eighth) * 1.5
        return Prediction(ab, torch.full((1, 1, *quarter), 0.5), torch.cat([tone.cos(), tone.sin()], 1))


def test_key_frames_are_never_far_apart() -> None:
    keys = key_frames(40, {5, 30})
    assert keys == [0, 5, 8, 16, 24, 30, 32, 39]
    assert keys_about(keys, 5) == (5, 5)
    assert keys_about(keys, 6) == (5, 8)
    assert keys_about(keys, 39) == (39, 39)
    assert max(after - before for before, after in pairwise(keys)) <= DISTANCE
    assert key_frames(1, ()) == [0]


@pytest.mark.parametrize("size", [(48, 64), (33, 47), (16, 200), (5, 5)])
def test_a_frame_of_any_size_is_painted_on_the_grid_of_half_size(size: tuple[int, int]) -> None:
    painter = Painter(OneColour((20.0, -10.0)), CPU, longest=40)
    painting = painter.paint(np.full(size, 0.5, np.float32))
    assert painting.key.colours.shape == (-(-size[0] // 2), -(-size[1] // 2), 2)
    np.testing.assert_allclose(painting.key.colours[..., 0], 20.0, atol=1e-3)
    assert 0 < painting.key.firmness.max() < 0.5


def test_a_point_colours_its_thing_though_the_net_heeds_none() -> None:
    luma = np.full((48, 64), 0.2, np.float32)
    luma[:, 32:] = 0.8
    net = OneColour((0.0, 0.0))
    red = Point(0, 48.0, 24.0, (0.9, 0.2, 0.2), 4.0)
    key = Painter(net, CPU).settled(luma, [], (red,))
    wanted = rgb_to_lab(torch.tensor(red.rgb).reshape(3, 1, 1))[1:].reshape(2).numpy()
    np.testing.assert_allclose(key.colours[12, 24], wanted, atol=1.0)
    assert key.colours[4, 20, 0] > 0.5 * wanted[0], "what is like it about"
    assert np.abs(key.colours[:, :14]).max() < 0.2 * wanted[0], "the dark half is another thing"
    assert key.firmness[12, 24] == 1
    assert net.hints is not None
    assert net.hints.weight[0, 0, 6, 12] == 1
    np.testing.assert_allclose(net.hints.ab[0, :, 6, 12], wanted, atol=1e-3)


def test_what_is_certain_is_kept_and_the_rest_is_the_nets() -> None:
    trust = np.zeros((12, 16), np.float32)
    trust[:, :8] = 1
    known = Known(Carried(np.full((12, 16, 2), 30.0, np.float32), trust), np.ones((12, 16), np.float32))
    key = Painter(OneColour((-20.0, -20.0)), CPU).settled(np.full((24, 32), 0.5, np.float32), [known])
    np.testing.assert_allclose(key.colours[:, :7], 30.0, atol=0.1)
    np.testing.assert_allclose(key.colours[:, 9:], -20.0, atol=0.1)
    assert (key.firmness[:, :7] == 1).all()


def test_colours_and_firmness_come_along_a_way() -> None:
    flow = np.zeros((4, 6, 2), np.float32)
    flow[..., 0] = 2.0
    colours = np.zeros((4, 6, 2), np.float32)
    colours[:, 3] = 7.0
    firmness = np.full((4, 6), 0.5, np.float32)
    brought = KeyColours(colours, firmness).brought(Way(flow, np.ones((4, 6), np.float32)))
    np.testing.assert_allclose(brought.carried.colours[:, 2], 7.0)
    np.testing.assert_allclose(brought.firmness, 0.5)


def test_colours_of_a_reference_fit_the_frame() -> None:
    rgb = torch.tensor([0.8, 0.3, 0.2]).reshape(3, 1, 1).expand(3, 30, 50)
    colours = colours_of(rgb, 17, 33)
    assert colours.shape == (9, 17, 2)
    wanted = rgb_to_lab(rgb[:, :1, :1])[1:, 0, 0].numpy()
    np.testing.assert_allclose(colours - wanted, 0, atol=1e-3)
