"""Motion between neighbouring frames: dense displacements and how far they can be trusted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Plane, as_array

Flow = npt.NDArray[Any]
"""Displacements (h, w, 2) float32, dx then dy, in pixels of the full picture."""


@dataclass(frozen=True)
class Motion:
    """Displacements from every frame to the next and to the one before, on a grid of half the picture's size.

    A picture of H x W has a grid of h x w = ceil(H / 2) x ceil(W / 2); grid point (i, j) stands for the
    picture's point (2 i + 0.5, 2 j + 0.5). Displacements are in pixels of the full picture: what is at (x, y)
    in frame t is at (x + dx, y + dy) in frame t + 1 (`forward`) and t - 1 (`backward`).
    At a shot's last frame `forward` is zero with confidence 0, as is `backward` at its first.
    """

    forward: torch.Tensor
    """float32 (T, 2, h, w), channels dx, dy."""
    backward: torch.Tensor
    """float32 (T, 2, h, w), channels dx, dy."""
    forward_confidence: torch.Tensor
    """float32 (T, 1, h, w) in [0, 1]: 0 where nothing in the other frame answers to this point."""
    backward_confidence: torch.Tensor
    """float32 (T, 1, h, w) in [0, 1]."""

    @property
    def frame_count(self) -> int:
        """Number of frames T."""
        return int(self.forward.shape[0])

    def __getitem__(self, frames: slice) -> "Motion":
        """Return the motion of a range of frames."""
        return Motion(
            self.forward[frames],
            self.backward[frames],
            self.forward_confidence[frames],
            self.backward_confidence[frames],
        )

    def flow(self, frame: int, step: int) -> tuple[Flow, Plane]:
        """Return the flow (h, w, 2) from `frame` to `frame + step` and its confidence (h, w).

        Steps beyond the neighbour are composed of single ones, their confidences multiplied. The frames
        between must lie in the range that this motion covers.
        """
        return self.flows(frame, (step,))[step]

    def flows(self, frame: int, steps: Iterable[int]) -> dict[int, tuple[Flow, Plane]]:
        """Return `flow` for each of several steps, going each way once."""
        wanted = set(steps)
        found = {}
        for way in (-1, 1):
            flow, confidence = None, None
            for distance in range(1, max((way * step for step in wanted), default=0) + 1):
                onward, trust = self._single(frame + way * (distance - 1), way > 0)
                if flow is None or confidence is None:
                    flow, confidence = onward, trust
                else:
                    map_x, map_y = grid_maps(flow)
                    moved = cv2.remap(onward, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                    flow = np.asarray(flow + moved)
                    confidence = confidence * np.asarray(cv2.remap(trust, map_x, map_y, cv2.INTER_LINEAR))
                if way * distance in wanted:
                    found[way * distance] = (flow, confidence)
        return found

    def _single(self, frame: int, is_forward: bool) -> tuple[Flow, Plane]:
        flow = self.forward[frame] if is_forward else self.backward[frame]
        trust = self.forward_confidence[frame] if is_forward else self.backward_confidence[frame]
        return np.ascontiguousarray(as_array(flow).transpose(1, 2, 0)), as_array(trust)[0]


def grid_maps(flow: Flow) -> tuple[Plane, Plane]:
    """Return where on the half-size grid each point of `flow` leads: x and y (h, w), for cv2.remap."""
    height, width = flow.shape[:2]
    map_x: Plane
    map_y: Plane
    map_x, map_y = cv2.split(flow)
    map_x *= np.float32(0.5)
    map_x += np.arange(width, dtype=np.float32)
    map_y *= np.float32(0.5)
    map_y += np.arange(height, dtype=np.float32)[:, None]
    return map_x, map_y


def picture_maps(flow: Flow, height: int, width: int) -> tuple[Plane, Plane]:
    """Return where each of the picture's H x W pixels is led by `flow`: x and y (H, W), for cv2.remap."""
    size = (2 * flow.shape[1], 2 * flow.shape[0])
    full: list[Plane] = [
        cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)[:height, :width] for plane in cv2.split(flow)
    ]
    map_x, map_y = full
    map_x += np.arange(width, dtype=np.float32)
    map_y += np.arange(height, dtype=np.float32)[:, None]
    return map_x, map_y
