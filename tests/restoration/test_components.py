"""Connected regions: labels and statistics, as OpenCV's own choice of algorithm gives them."""

import cv2
import numpy as np
import pytest

from reelfix.restoration.components import components


def test_regions_of_eight_neighbours() -> None:
    mask = np.zeros((6, 8), np.uint8)
    mask[1, 1] = mask[2, 2] = mask[4:, 5:7] = 1
    labels, stats = components(mask)
    assert labels[1, 1] == labels[2, 2] == 1
    assert labels[5, 6] == 2
    assert stats[1:].tolist() == [[1, 1, 2, 2, 2], [5, 4, 2, 2, 4]]
    assert stats[0, cv2.CC_STAT_AREA] == 48 - 6


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.6, 1.0])
def test_the_same_as_the_default(share: float) -> None:
    random = np.random.default_rng(0)
    for size in ((1, 9), (17, 30), (40, 41)):
        mask = (random.random(size) < share).astype(np.uint8)
        labels, stats = components(mask)
        _, wanted, of_all, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        assert np.array_equal(labels, wanted)
        assert np.array_equal(stats, of_all)
