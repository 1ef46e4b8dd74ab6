"""Fading undone as a whole: where black and white have come to, and how far that is from usual."""

import torch
from torch.nn import functional

_SHARES = (0.02, 0.98)
_USUAL = (0.14, 0.74)
"""What these shares of the tones come to in unfaded pictures: medians over the clean training clips."""
_LARGEST_GAIN = 2.5
_GRAIN = 4  # pixels over which tones are averaged, so that grain does not pass for black and white


def levels_of(lumas: torch.Tensor) -> torch.Tensor:
    """Return the tones below which 2 and 98 per cent of a picture lie: (T, H, W) to (T, 2), float32.

    Pictures smaller than 4 x 4 are taken pixel by pixel.
    """
    cell = min(_GRAIN, *lumas.shape[1:])
    tones = functional.avg_pool2d(lumas[:, None].float(), cell).flatten(1)
    return torch.quantile(tones, torch.tensor(_SHARES, device=lumas.device), dim=1).T


def stretched(picture: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Bring a picture's `levels` (2,) to where they usually are; of any shape, not clipped.

    Black never rises and white never falls: what has both in place stays as it is. The gain is 2.5 at most.
    """
    black, white = levels[0].clamp(max=_USUAL[0]), levels[1].clamp(min=_USUAL[1])
    gain = ((white - black) / (levels[1] - levels[0]).clamp(min=1e-3)).clamp(1.0, _LARGEST_GAIN)
    return (picture - levels[0]) * gain + black
