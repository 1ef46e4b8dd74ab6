"""The operators of damage in torch: on any device, every frame of a clip at once."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from reelfix.restoration.damage.grain import Grain
from reelfix.restoration.damage.marks import PLANES, VISIBLE, Kind, Mark
from reelfix.restoration.damage.motion_blur import line_kernel
from reelfix.restoration.damage.operators import MarkTruth, gaussian, normal
from reelfix.restoration.damage.tone import Curve
from reelfix.restoration.damage.weave import WeaveCurves


class TensorOperators:
    """`Operators` for clips on an accelerator.

    Parameters and marks are drawn on the host. So is grain, to be the very one that `HostOperators` lay;
    with `device_noise` it is drawn where the clip lies, which is much faster there: other grain, of the
    same statistics.
    """

    def __init__(self, *, device_noise: bool = False) -> None:
        self._device_noise = device_noise

    def blur(self, frames: torch.Tensor, sigma: float) -> torch.Tensor:
        """Blur by a Gaussian of `sigma` pixels; the edges mirrored."""
        return _separable(frames, gaussian(sigma), "symmetric")

    def smear(self, frames: torch.Tensor, paths: Curve) -> torch.Tensor:
        """Blur each frame along its path, (T, 2): dx, dy in pixels."""
        count, channels, height, width = frames.shape
        radius = int(np.ceil(np.abs(paths).max() / 2)) + 1
        kernels = torch.from_numpy(np.stack([line_kernel(path, radius) for path in paths])).to(frames.device)
        padded = _mirrored(frames, radius, radius, "reflect").transpose(0, 1)  # C x T x H' x W'
        smeared = functional.conv2d(padded, kernels[:, None], groups=count)
        return smeared.transpose(0, 1).reshape(count, channels, height, width)

    def weave(self, frames: torch.Tensor, curves: WeaveCurves) -> torch.Tensor:
        """Turn and shift each frame; cubic, the edges mirrored."""
        height, width = frames.shape[2:]
        turns = torch.from_numpy(np.deg2rad(curves.degrees.astype(np.float64)))[:, None, None]
        shifts = torch.from_numpy(curves.shifts.astype(np.float64))[..., None, None]
        y = torch.arange(height, dtype=torch.float64)[None, :, None] - (height - 1) / 2 - shifts[:, 1]
        x = torch.arange(width, dtype=torch.float64)[None, None] - (width - 1) / 2 - shifts[:, 0]
        from_x = turns.cos() * x - turns.sin() * y + (width - 1) / 2
        from_y = turns.sin() * x + turns.cos() * y + (height - 1) / 2
        places = zip((from_x, from_y), (width, height), strict=True)
        scaled = [2 * place / max(side - 1, 1) - 1 for place, side in places]
        grid = torch.stack(scaled, dim=-1).to(frames)  # T x H x W x 2
        moved = functional.grid_sample(
            frames, grid, mode="bicubic", padding_mode="reflection", align_corners=True
        )
        return moved.clamp_(0.0, 1.0)

    def expose(self, frames: torch.Tensor, gains: Curve, gammas: Curve, knots: Curve | None) -> torch.Tensor:
        """Return `gain * frame ** gamma`, times the field of each frame's knots; not clipped."""
        gain, gamma = (torch.from_numpy(curve).to(frames)[:, None, None, None] for curve in (gains, gammas))
        exposed = frames.clamp_min(0.0).pow(gamma).mul_(gain)
        if knots is None:
            return exposed
        grid = torch.from_numpy(knots).to(frames)[:, None]
        field = functional.interpolate(grid, frames.shape[2:], mode="bicubic", align_corners=False)
        return exposed.mul_(field.exp_())

    def grain(self, frames: torch.Tensor, settings: Grain, random: np.random.Generator) -> torch.Tensor:
        """Lay grain down, see `grain.add_grain`."""
        if self._device_noise:
            noise = normal(frames.shape, random, frames.device)
        else:
            noise = torch.from_numpy(random.standard_normal(frames.shape, np.float32)).to(frames.device)
        if settings.size > 0:
            noise = _separable(noise, gaussian(settings.size), "reflect")
            noise /= noise.std(dim=(2, 3), keepdim=True, correction=0).clamp_min(1e-6)
        deviation = settings.strength * (0.4 + 2.4 * frames * (1 - frames))
        return (frames + deviation * noise).clamp_(0.0, 1.0)

    def clumps(
        self, like: torch.Tensor, channels: int, size: float, random: np.random.Generator
    ) -> torch.Tensor:
        """Draw noise (T, channels, H, W) of unit variance, in clumps of deviation `size` pixels."""
        noise = self._normal(like, channels, random)
        if size <= 0:
            return noise
        kernel = gaussian(size)
        return _separable(noise, kernel / kernel.square().sum().sqrt(), "reflect")

    def lay(self, frames: torch.Tensor, marks: Iterable[Mark]) -> tuple[torch.Tensor, MarkTruth]:
        """Lay marks over the frames: those of a kind are joined on the host, then laid at once."""
        count, channels, height, width = frames.shape
        mask = torch.zeros((count, 2, height, width), dtype=torch.uint8, device=frames.device)
        strength = torch.zeros((count, 1, height, width), device=frames.device)
        kinds: dict[Kind, torch.Tensor] = {}
        for kind, of_kind in groupby(marks, key=lambda mark: mark.kind):
            joined = _joined(list(of_kind), (count, channels, height, width))
            if joined is None:
                continue
            kept, added = (torch.from_numpy(plane).to(frames.device) for plane in joined)
            marked = frames * kept + added
            change = (marked - frames).abs().amax(dim=1, keepdim=True)  # T x 1 x H x W
            visible = change[:, 0] > VISIBLE
            kinds[kind] = kinds[kind] | visible if kind in kinds else visible
            mask[:, PLANES[kind]].masked_fill_(visible, 255)
            strength = torch.maximum(strength, change)
            frames = marked
        seen = (strength[:, 0] * 255).round_().to(torch.uint8)
        return frames.clone() if not kinds else frames, MarkTruth(mask, kinds, seen)

    def _normal(self, like: torch.Tensor, channels: int, random: np.random.Generator) -> torch.Tensor:
        count, _, height, width = like.shape
        shape = (count, channels, height, width)
        return normal(shape, random, like.device if self._device_noise else None).to(like.device)


def _joined(
    marks: Sequence[Mark], shape: tuple[int, int, int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None:
    """Join marks into `picture * kept + added`, for a clip of `shape` (T, C, H, W).

    Returns arrays (T, 1, H, W), or (T, C, H, W) for coloured marks; None where all lie outside.
    """
    count, channels, height, width = shape
    if not any(mark.colour for mark in marks):
        channels = 1
    kept = np.ones((count, 1, height, width), np.float32)
    added, any_laid = np.zeros((count, channels, height, width), np.float32), False
    for mark in marks:
        rows, columns = mark.opacity.shape
        top, bottom = max(mark.top, 0), min(mark.top + rows, height)
        left, right = max(mark.left, 0), min(mark.left + columns, width)
        if top >= bottom or left >= right:
            continue
        any_laid = True
        opacity = mark.opacity[top - mark.top : bottom - mark.top, left - mark.left : right - mark.left]
        here = (mark.frame, slice(None), slice(top, bottom), slice(left, right))
        kept[here] *= 1 - opacity
        added[here] += opacity * (mark.tones(channels) - added[here])
    return (kept, added) if any_laid else None


def _separable(frames: torch.Tensor, kernel: torch.Tensor, border: str) -> torch.Tensor:
    """Filter down and across with a kernel (n,), n odd."""
    reach, kernel = len(kernel) // 2, kernel.to(frames)
    shape = frames.shape
    planes = _mirrored(frames, reach, reach, border).reshape(
        -1, 1, shape[2] + 2 * reach, shape[3] + 2 * reach
    )
    down = functional.conv2d(planes, kernel.reshape(1, 1, -1, 1))
    return functional.conv2d(down, kernel.reshape(1, 1, 1, -1)).reshape(shape)


def _mirrored(frames: torch.Tensor, rows: int, columns: int, border: str) -> torch.Tensor:
    """Pad (T, C, H, W) by mirroring: about the edge pixel's middle ("reflect") or its edge ("symmetric")."""
    offset = 0 if border == "symmetric" else 1
    places = []
    for side, reach in ((frames.shape[2], rows), (frames.shape[3], columns)):
        place = torch.arange(-reach, side + reach, device=frames.device)
        period = 2 * side - 2 * offset
        place = place.remainder(max(period, 1))
        places.append(torch.minimum(place, period + offset - 1 - place if offset == 0 else period - place))
    return frames[:, :, places[0]][:, :, :, places[1]]
