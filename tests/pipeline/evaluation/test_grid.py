from io import BytesIO

import numpy as np
import torch
from PIL import Image

from reelfix.pipeline.evaluation.grid import Box, GridRow, busiest, grid_png, spread


def test_the_busiest_box_holds_the_most() -> None:
    weight = np.zeros((60, 80), np.float32)
    weight[40:44, 70:76] = 1
    box = busiest(weight, side=20)
    assert (box.height, box.width) == (20, 20)
    assert box.top <= 40 < 44 <= box.top + 20
    assert box.left <= 70 < 76 <= box.left + 20
    assert busiest(np.zeros((60, 80), np.float32), side=20) == Box(20, 30, 20, 20)
    assert busiest(weight, side=100) == Box(0, 0, 60, 80)


def test_items_are_spread_evenly() -> None:
    assert spread(10, 4) == (0, 3, 6, 9)
    assert spread(3, 8) == (0, 1, 2)
    assert spread(0, 8) == spread(5, 0) == ()


def test_crops_are_drawn_at_full_size() -> None:
    row = GridRow("a", Box(2, 3, 40, 50))
    picture = torch.zeros(1, 64, 64)
    picture[0, 2, 3] = 1.0
    row.add("input", picture)
    row.add("truth", torch.full((3, 64, 64), 0.5))
    sheet = np.asarray(Image.open(BytesIO(grid_png([row], ["input", "absent", "truth"]))))
    (tops, lefts) = np.nonzero((sheet == 255).all(axis=-1))
    top, left = int(tops[-1]), int(lefts[-1])
    assert (sheet[top + 1 : top + 40, left + 1 : left + 50] == 0).all()
    assert (sheet[top : top + 40, left + 56 : left + 106] == 128).all()
