"""Colours taken from another picture."""

import numpy as np
import torch
from torch.nn import functional

from reelfix.restoration.colour.matching import match, way_to


def things(places: torch.Tensor) -> torch.Tensor:
    """Features (8, h, w) of unit length: one direction for each number in `places` (h, w)."""
    directions = functional.normalize(torch.randn(8, 5, generator=torch.Generator().manual_seed(0)), dim=0)
    return directions[:, places]


def test_things_take_the_colours_of_things_alike() -> None:
    there = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]])
    colours = torch.tensor([[40.0, -40.0, 20.0, 0.0], [10.0, 30.0, -50.0, 0.0]])
    here = torch.tensor([[3, 2, 1], [0, 2, 1]])
    ab, confidence = match(things(here), things(there), colours[:, there])
    torch.testing.assert_close(ab, colours[:, here], atol=0.5, rtol=0)
    assert ab.shape == (2, 2, 3)
    assert confidence.shape == (1, 2, 3)


def test_what_is_nowhere_is_not_trusted() -> None:
    there = torch.arange(4).reshape(2, 2)
    here = torch.tensor([[0, 4], [1, 4]])
    _, confidence = match(things(here), things(there), torch.zeros(2, 2, 2))
    assert (confidence[0, :, 0] > 0.5).all()
    assert (confidence[0, :, 1] < 0.3).all()


def test_colours_that_do_not_agree_are_not_trusted() -> None:
    there = torch.tensor([[0, 0, 1, 1]])
    colours = torch.zeros(2, 1, 4)
    colours[0, 0, :2] = torch.tensor([60.0, -60.0])
    _, confidence = match(things(torch.tensor([[0, 1]])), things(there), colours)
    assert confidence[0, 0, 0] < 0.1 < confidence[0, 0, 1]


def test_the_way_to_a_frame_long_after_is_found() -> None:
    coarse = torch.rand(1, 1, 14, 18, generator=torch.Generator().manual_seed(3))
    texture = functional.interpolate(coarse, scale_factor=8, mode="bicubic")[0].clamp(0, 1)
    flow, trust = way_to(texture[:, :96, :128], texture[:, 4:100, 6:134])
    inner = np.s_[12:36, 16:48]
    np.testing.assert_allclose(np.median(flow[inner], axis=(0, 1)), (-6, -4), atol=0.5)
    assert trust[inner].mean() > 0.7
