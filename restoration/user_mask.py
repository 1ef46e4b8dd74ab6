"""What a person drew, laid over what was detected."""

import torch

_CERTAIN = 128


def with_user_mask(mask: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Return `mask`, uint8 (T, 2, H, W), planes dirt and scratch, corrected by what was drawn.

    `drawn`: uint8 (T, 3, H, W), planes dirt, scratch and protect. Where it protects (128 and above) nothing
    is damaged, unless it also says dirt or scratch there: the person's word counts above the detector's, and
    what is added above what is protected.
    """
    kept = mask.masked_fill(drawn[:, 2:] >= _CERTAIN, 0)
    return torch.maximum(kept, drawn[:, :2])
