"""How well a mask finds the damage."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch


@dataclass(frozen=True)
class MaskScore:
    """How well a mask finds what is damaged, in pixels; scores of clips or shots add up."""

    marked: int
    """Pixels of the mask."""
    marked_right: int
    """Those with a damaged pixel no farther than the tolerance."""
    damaged: int
    """Pixels of the truth."""
    damaged_found: int
    """Those with a marked pixel no farther than the tolerance."""

    @property
    def precision(self) -> float:
        """Fraction of the mask that is right; 1 for an empty mask."""
        return self.marked_right / self.marked if self.marked else 1.0

    @property
    def recall(self) -> float:
        """Fraction of the damage that is found; 1 where there is none."""
        return self.damaged_found / self.damaged if self.damaged else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __add__(self, other: "MaskScore") -> "MaskScore":
        return MaskScore(
            self.marked + other.marked,
            self.marked_right + other.marked_right,
            self.damaged + other.damaged,
            self.damaged_found + other.damaged_found,
        )


def mask_score(mask: torch.Tensor, truth: torch.Tensor, tolerance: int = 1) -> MaskScore:
    """Compare a mask with the truth, both bool (T, H, W).

    `tolerance` in pixels (rows and columns alike): the mask is right where it lies within the truth dilated
    by so much, and damage is found where it lies within the mask dilated by so much. 0 compares pixel by
    pixel. Raises ValueError for shapes that differ.
    """
    if mask.shape != truth.shape:
        raise ValueError(f"{tuple(mask.shape) = } must equal {tuple(truth.shape) = }.")
    score = MaskScore(0, 0, 0, 0)
    for marked, damaged in zip(mask, truth, strict=True):
        score += MaskScore(
            marked=int(marked.sum()),
            marked_right=int((marked & _dilated(damaged, tolerance)).sum()),
            damaged=int(damaged.sum()),
            damaged_found=int((damaged & _dilated(marked, tolerance)).sum()),
        )
    return score


def _dilated(mask: torch.Tensor, radius: int) -> torch.Tensor:
    """Dilate a bool (H, W) by a square of side `2 radius + 1`."""
    if radius == 0:
        return mask
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    wider = cv2.dilate(mask.cpu().numpy().astype(np.uint8), square)
    return torch.from_numpy(wider > 0).to(mask.device)
