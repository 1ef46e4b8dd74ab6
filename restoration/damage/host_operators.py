"""The operators of damage on the host: numpy and OpenCV."""

from collections.abc import Iterable

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import as_array
from reelfix.restoration.damage.grain import Grain, add_grain, blurred
from reelfix.restoration.damage.marks import Mark, lay
from reelfix.restoration.damage.motion_blur import line_kernel
from reelfix.restoration.damage.operators import MarkTruth, gaussian, normal
from reelfix.restoration.damage.tone import Curve, gain_field
from reelfix.restoration.damage.weave import WeaveCurves, woven


class HostOperators:
    """`Operators` for clips on the CPU."""

    def blur(self, frames: torch.Tensor, sigma: float) -> torch.Tensor:
        """Blur by a Gaussian of `sigma` pixels; the edges mirrored."""
        return torch.from_numpy(np.stack([blurred(frame, sigma) for frame in as_array(frames)]))

    def smear(self, frames: torch.Tensor, paths: Curve) -> torch.Tensor:
        """Blur each frame along its path, (T, 2): dx, dy in pixels."""
        smeared = as_array(frames).copy()
        for frame, path in zip(smeared, paths, strict=True):
            kernel = line_kernel(path, int(np.ceil(np.abs(path).max() / 2)) + 1)
            for plane in frame:
                plane[:] = cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        return torch.from_numpy(smeared)

    def weave(self, frames: torch.Tensor, curves: WeaveCurves) -> torch.Tensor:
        """Turn and shift each frame; cubic, the edges mirrored."""
        moved = [
            woven(frame, shift, float(degrees))
            for frame, shift, degrees in zip(as_array(frames), curves.shifts, curves.degrees, strict=True)
        ]
        return torch.from_numpy(np.stack(moved))

    def expose(self, frames: torch.Tensor, gains: Curve, gammas: Curve, knots: Curve | None) -> torch.Tensor:
        """Return `gain * frame ** gamma`, times the field of each frame's knots; not clipped."""
        exposed = as_array(frames).copy()
        height, width = exposed.shape[2:]
        for frame, gain, gamma in zip(exposed, gains, gammas, strict=True):
            frame[:] = gain * frame**gamma
        if knots is not None:
            for frame, of_frame in zip(exposed, knots, strict=True):
                frame *= gain_field(of_frame, height, width)
        return torch.from_numpy(exposed)

    def grain(self, frames: torch.Tensor, settings: Grain, random: np.random.Generator) -> torch.Tensor:
        """Lay grain down, see `grain.add_grain`."""
        return torch.from_numpy(np.stack([add_grain(settings, frame, random) for frame in as_array(frames)]))

    def clumps(
        self, like: torch.Tensor, channels: int, size: float, random: np.random.Generator
    ) -> torch.Tensor:
        """Draw noise (T, channels, H, W) of unit variance, in clumps of deviation `size` pixels."""
        count, _, height, width = like.shape
        noise = normal((count, channels, height, width), random).numpy()
        if size > 0:
            kernel = gaussian(size).numpy()
            kernel = kernel / np.sqrt((kernel**2).sum())  # variance 1 once it went both ways
            for plane in noise.reshape(-1, height, width):
                plane[:] = cv2.sepFilter2D(plane, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT_101)
        return torch.from_numpy(noise)

    def lay(self, frames: torch.Tensor, marks: Iterable[Mark]) -> tuple[torch.Tensor, MarkTruth]:
        """Lay marks over the frames, in their order."""
        marked = as_array(frames).copy()
        laid = lay(marked, marks)
        kinds = {kind: torch.from_numpy(of_kind) for kind, of_kind in laid.kinds.items()}
        truth = MarkTruth(torch.from_numpy(laid.mask), kinds, torch.from_numpy(laid.strength))
        return torch.from_numpy(marked), truth
