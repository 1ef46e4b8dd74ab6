"""Peak signal-to-noise ratio."""

import math

import torch


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
