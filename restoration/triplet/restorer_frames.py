"""What goes into a restorer of frames, and what comes out."""

from typing import NamedTuple

import torch
from torch.nn import functional

_EVEN_ODDS = 128  # of 255
_REACH, _RIM = 5, 5  # pixels over which a mark counts as grown, and over which a change then fades out


class Restored(NamedTuple):
    """What became of the frames of a window's core."""

    frames: torch.Tensor
    """float32 (T, C, H, W) in [0, 1]."""
    latents: torch.Tensor | None
    """float16 (T, latent, 4 ceil(H / 16), 4 ceil(W / 16)), after the mapping; None unless asked for."""


def lumas_of(frames: torch.Tensor) -> torch.Tensor:
    """Luma (T, H, W) of frames (T, C, H, W), C = 1 or 3; Rec. 601 weights, as `arrays.luma_of`."""
    if frames.shape[1] == 1:
        return frames[:, 0]
    return 0.299 * frames[:, 0] + 0.587 * frames[:, 1] + 0.114 * frames[:, 2]


def about_marks(mask: torch.Tensor) -> torch.Tensor:
    """Return what share of a change is let through about marks alone: float32 (H, W) in [0, 1].

    `mask`: uint8 (2, H, W), the probability of damage times 255. 1 on what is marked, falling to exact 0 four
    pixels beyond.
    """
    marked = (mask.amax(dim=0) >= _EVEN_ODDS).float()[None, None]
    grown = functional.max_pool2d(marked, _REACH, stride=1, padding=_REACH // 2)
    return functional.avg_pool2d(grown, _RIM, stride=1, padding=_RIM // 2, count_include_pad=False)[0, 0]


def too_large(height: int, width: int, device: torch.device) -> torch.OutOfMemoryError:
    """Return the error of a frame that not even small tiles bring into a GPU's memory, with the remedy."""
    return torch.OutOfMemoryError(
        f"a frame of {width} x {height} does not fit into the memory of {device}, not even in tiles. "
        "Let nothing else use that GPU, or run on the CPU: leave --gpus out."
    )
