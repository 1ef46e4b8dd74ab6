"""How far colours are from the true ones, in the plane of a and b of CIE Lab."""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Plane

LIMIT = 150.0
"""Thresholds of `auc` run from 0 to this, in units of a and b."""
NEAR = 20.0
"""A colour no further than this, in units of a and b, counts as near."""
_CELL, _CELLS = 10.0, 27
"""Side of a colour class, and classes along a and along b: a and b from -135 to 135."""
_FEWEST = 0.001
"""A class with less than this share of the pixels is none of the picture's colours."""
_STEEP = 0.06
"""Change of luma per pixel, of a range of 1, that makes a strong edge."""


@dataclass
class ColourError:
    """Errors of many pixels, summed up: of a picture, or of the frames of a clip one after the other."""

    _total: float = 0.0
    _count: int = 0
    _near: int = 0
    _area: float = 0.0
    _edge_total: float = 0.0
    _edge_count: int = 0
    _class_totals: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(_CELLS**2))
    _class_counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_CELLS**2, np.int64))

    def add(self, ab: torch.Tensor, truth: torch.Tensor, edges: npt.NDArray[np.bool_] | None = None) -> None:
        """Take the next frame's a and b (2, H, W), and the true ones.

        `edges`: bool (H, W), the pixels that `at_edges` is of, as `near_edges` gives. Raises ValueError for
        shapes that differ.
        """
        if ab.shape != truth.shape:
            raise ValueError(f"{tuple(ab.shape) = } must equal {tuple(truth.shape) = }.")
        error = (ab.double() - truth.double()).norm(dim=0)  # HxW
        self._total += float(error.sum())
        self._count += error.numel()
        self._near += int((error <= NEAR).sum())
        self._area += float((1 - error / LIMIT).clamp(min=0).sum())
        places, each = colour_classes(truth).ravel(), error.cpu().numpy().ravel()
        self._class_totals += np.bincount(places, each, _CELLS**2)
        self._class_counts += np.bincount(places, minlength=_CELLS**2)
        if edges is not None:
            at_edges = error.cpu().numpy()[edges]
            self._edge_total += float(at_edges.sum())
            self._edge_count += at_edges.size

    @property
    def mean(self) -> float:
        """Mean Euclidean distance in a and b; NaN before the first pixel, as all that follow."""
        return self._over(self._total, self._count)

    @property
    def near(self) -> float:
        """Share of the pixels whose distance is at most NEAR."""
        return self._over(self._near, self._count)

    @property
    def auc(self) -> float:
        """Area under the curve of the share of pixels within a distance, over distances from 0 to LIMIT.

        In [0, 1]. Zhang et al., "Colorful Image Colorization", 2016, section 3.1, "raw accuracy": here the
        integral itself instead of its sum over whole numbers.
        """
        return self._over(self._area, self._count)

    @property
    def balanced(self) -> float:
        """Mean over the colours there truly are, of the mean distance in each: a large sky counts once.

        A colour is a cell of 10 x 10 of the plane of a and b that has a thousandth of the pixels. The end of
        class rebalancing (Zhang et al., 2016, section 3.1), without a prior of other pictures.
        """
        there = self._class_counts >= max(1.0, _FEWEST * self._count)
        if not there.any():
            return math.nan
        return float((self._class_totals[there] / self._class_counts[there]).mean())

    @property
    def at_edges(self) -> float:
        """Mean distance of the pixels near strong edges: what bleeds over them, and what is wrong anyway."""
        return self._over(self._edge_total, self._edge_count)

    @staticmethod
    def _over(total: float, count: int) -> float:
        return total / count if count else math.nan


def colour_classes(ab: torch.Tensor) -> npt.NDArray[np.int64]:
    """Return the cell of 10 x 10, centred on multiples of 10, of each a and b (2, H, W): int64 (H, W)."""
    half = _CELLS // 2
    cells = (ab.detach().cpu() / _CELL).round().clamp(-half, half).long() + half
    return np.asarray((cells[0] * _CELLS + cells[1]).numpy())


def lab_squares(lab: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Squared differences of Lab pictures (3, H, W), each channel in [0, 1]: float64 (3, H, W).

    L is divided by 100, a and b by 255: the scale of OpenCV's 8 bit Lab, which the PSNR "in Lab" of the
    literature is taken in. The PSNR is `-10 log10` of their mean over pixels and the three channels.
    """
    scale = lab.new_tensor([1 / 100, 1 / 255, 1 / 255], dtype=torch.float64)[:, None, None]
    return ((lab.double() - truth.double()) * scale).square()


def near_edges(luma: Plane, reach: int = 3) -> npt.NDArray[np.bool_]:
    """Return where a luma plane (H, W) in [0, 1] has a strong edge within `reach` pixels: bool (H, W).

    Strong: after a Gaussian of deviation 1, the gradient (Sobel) is steeper than 0.06 a pixel.
    """
    smooth = cv2.GaussianBlur(np.ascontiguousarray(luma, np.float32), (0, 0), 1.0)
    across, along = (cv2.Sobel(smooth, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    steep = (np.hypot(across, along) > _STEEP).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(steep, disc) > 0)
