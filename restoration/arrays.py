"""Between tensors and the arrays that OpenCV takes."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

Image = npt.NDArray[Any]
"""One frame, (C, H, W) float32 in [0, 1]; C = 1 or 3 (R, G, B)."""

Plane = npt.NDArray[Any]
"""One picture or map, (H, W) float32 unless said otherwise."""


def as_array(tensor: torch.Tensor) -> Image:
    """View a tensor as a contiguous array; no copy where it lies contiguous on the CPU."""
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def stacked(planes: list[Any], like: torch.Tensor) -> torch.Tensor:
    """Stack arrays along a new first axis, as a tensor on the device of `like`."""
    return torch.from_numpy(np.stack(planes)).to(like.device)


def luma_of(frame: Image) -> Plane:
    """Luma (H, W) of one frame (C, H, W), C = 1 or 3; Rec. 601 weights."""
    if len(frame) == 1:
        return np.asarray(frame[0])
    luma: Plane = 0.299 * frame[0] + 0.587 * frame[1] + 0.114 * frame[2]
    return luma


def half_size(plane: Plane) -> Plane:
    """Mean over 2 x 2 pixels: (H, W) to (ceil(H / 2), ceil(W / 2)); an odd edge is repeated."""
    height, width = plane.shape
    if height % 2 or width % 2:
        plane = cv2.copyMakeBorder(plane, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    size = (plane.shape[1] // 2, plane.shape[0] // 2)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
