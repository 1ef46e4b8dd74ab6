"""Structural similarity; needs scikit-image, of the `bench` extra."""

from typing import Any

import torch
from skimage import metrics

from reelfix.restoration.arrays import as_array, luma_of


def ssim(clip: torch.Tensor, truth: torch.Tensor, *, every: int = 1) -> float:
    """Mean SSIM of the luma of every `every`th frame, (T, C, H, W) in [0, 1], C = 1 or 3; 1 where equal.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004: Gaussian
    windows of deviation 1.5, as scikit-image computes it. Raises ValueError for shapes that differ.
    """
    if clip.shape != truth.shape:
        raise ValueError(f"{tuple(clip.shape) = } must equal {tuple(truth.shape) = }.")
    structural_similarity: Any = metrics.structural_similarity
    scores = [
        float(
            structural_similarity(
                luma_of(as_array(clip[index])),
                luma_of(as_array(truth[index])),
                data_range=1.0,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
        )
        for index in range(0, len(clip), every)
    ]
    return sum(scores) / len(scores)
