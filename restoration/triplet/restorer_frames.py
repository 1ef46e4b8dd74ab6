"""What goes into a restorer of frames, and what comes out."""

from typing import NamedTuple

import torch


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


def too_large(height: int, width: int, device: torch.device) -> torch.OutOfMemoryError:
    """Return the error of a frame that not even small tiles bring into a GPU's memory, with the remedy."""
    return torch.OutOfMemoryError(
        f"a frame of {width} x {height} does not fit into the memory of {device}, not even in tiles. "
        "Let nothing else use that GPU, or run on the CPU: leave --gpus out."
    )
