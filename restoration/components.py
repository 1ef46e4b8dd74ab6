"""Connected regions of a mask."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane


def components(mask: Plane) -> tuple[Plane, Plane]:
    """Number the regions, of 8 neighbours, of what is above 0 in `mask` (H, W) uint8.

    Returns labels, int32 (H, W), 0 where there is nothing, and for every label, 0 too, OpenCV's statistics,
    int32 (n, 5): see `cv2.CC_STAT_LEFT` and those beside it. The same as OpenCV's own choice of algorithm
    gives, which takes three times as long where statistics are wanted.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    return np.asarray(labels), np.asarray(stats)
