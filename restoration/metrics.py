"""How near a restored clip is to the truth: PSNR, flicker energy, and how well a mask finds the damage."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

LOG_FLOOR = 0.01
"""Added to luma before its logarithm, so that black pixels do not rule the mean."""
_REC_601 = (0.299, 0.587, 0.114)


def psnr(clip: torch.Tensor, truth: torch.Tensor, where: torch.Tensor | None = None) -> float:
    """Peak signal-to-noise ratio in dB, peak 1.0: `-10 log10 mean((clip - truth)^2)`; infinite where equal.

    The mean runs over all pixels, frames and channels together (not a mean of per-frame figures).
    `clip`, `truth`: (T, C, H, W) in [0, 1]. `where`: bool (T, 1, H, W), the pixels that count; NaN where
    there are none. Raises ValueError for shapes that differ.
    """
    if clip.shape != truth.shape:
        raise ValueError(f"{tuple(clip.shape) = } must equal {tuple(truth.shape) = }.")
    squares = 0.0
    count = 0
    # Frame by frame: sums in double precision without a double copy of the clip.
    for index in range(len(clip)):
        error = clip[index].double() - truth[index].double()
        if where is not None:
            error = error[:, where[index, 0]]
        squares += float((error * error).sum())
        count += error.numel()
    if count == 0:
        return math.nan
    return math.inf if squares == 0 else -10 * math.log10(squares / count)


@dataclass(frozen=True)
class FlickerEnergy:
    """Unsteadiness of brightness, as natural logarithms: 0.01 is about one per cent from frame to frame."""

    overall: float
    """Of the whole picture."""
    local: float
    """Of blocks of the picture: finds the flicker that the whole picture averages out."""


def flicker_energy(clip: torch.Tensor, blocks: tuple[int, int] = (6, 8)) -> FlickerEnergy:
    """Measure the flicker of one shot, (T, C, H, W) in [0, 1], C = 1 or 3.

    `L(t, b)` is the mean over block b of `log(luma + LOG_FLOOR)`; the energy is the root mean square of its
    second difference in time, `L(t-1) - 2 L(t) + L(t+1)`, divided by sqrt(6): for a brightness that jumps
    freely from frame to frame it is the standard deviation of those jumps. A steady fade has none. Moving
    things give the truth itself a small one: compare with it. 0 for fewer than 3 frames.
    The second difference is what van Roosmalen's stabilised means are judged by ("Restoration of Archived
    Film and Video", TU Delft 1999, chapter 3), taken of logarithms, so that exposure counts alike in light
    and dark. `blocks`: rows and columns.
    """
    if len(clip) < 3:
        return FlickerEnergy(0.0, 0.0)
    logs = torch.cat([_block_logs(clip[index : index + 1], blocks) for index in range(len(clip))])
    means = logs.mean(dim=(1, 2), keepdim=True)
    return FlickerEnergy(_second_difference(means), _second_difference(logs))


def _block_logs(frame: torch.Tensor, blocks: tuple[int, int]) -> torch.Tensor:
    """Mean log luma of each block: (1, C, H, W) to (1, rows, columns), float64."""
    weights = torch.tensor(_REC_601 if frame.shape[1] == 3 else (1.0,), dtype=torch.float64)
    luma = torch.einsum("tchw,c->thw", frame.double(), weights.to(frame.device))
    logs = torch.log(luma.clamp_min(0) + LOG_FLOOR)
    return functional.adaptive_avg_pool2d(logs[:, None], blocks)[:, 0]


def _second_difference(series: torch.Tensor) -> float:
    """Root mean square of the second difference along the first axis, over sqrt(6)."""
    second = series[2:] - 2 * series[1:-1] + series[:-2]
    return math.sqrt(float((second * second).mean()) / 6)


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
    pooled = functional.max_pool2d(mask.float()[None, None], 2 * radius + 1, stride=1, padding=radius)
    return pooled[0, 0] > 0
