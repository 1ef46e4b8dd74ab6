"""Tape and telecine: what an analogue video signal suffers."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from reelfix.restoration.damage.operators import Operators, gaussian
from reelfix.restoration.damage.surface import Surface


@dataclass(frozen=True)
class Tape:
    """Noise, limits and unsteadiness of a signal that was on tape."""

    noise: float = 0.015
    """Standard deviation of the luma's noise."""
    line_noise: float = 0.006
    """Standard deviation of whole lines' brightness."""
    chroma_noise: float = 0.03
    """Standard deviation of the colour differences' noise, in streaks; of colour pictures alone."""
    bandwidth: float = 1.0
    """Standard deviation of the blur along lines, in pixels."""
    ringing: float = 0.25
    """Height of the edges' echo, as a fraction of their own."""
    echo: float = 3.0
    """Distance of the echo, in pixels."""
    chroma_bandwidth: float = 5.0
    """Standard deviation of the colour differences' blur along lines, in pixels."""
    chroma_delay: float = 2.0
    """How far to the right the colour lies, in pixels."""
    jitter: float = 0.25
    """Standard deviation of lines' places, in pixels."""
    head_lines: float = 0.015
    """Height of the band at the bottom where the heads switch, as a fraction of the picture's; 0 for none."""
    head_shift: float = 0.06
    """How far its last line is displaced, as a fraction of the picture's width."""


def taped(
    settings: Tape, frames: torch.Tensor, surface: Surface, operators: Operators, source: np.random.Generator
) -> torch.Tensor:
    """Return frames (T, C, H, W) in [0, 1], played from tape; the same noise at every call."""
    random = deepcopy(source)
    luma, chroma = _split(frames)
    luma = _filtered(luma, settings.bandwidth, settings.ringing, settings.echo)
    shifts, band = _places(settings, surface, random)
    luma = _displaced(luma, shifts.to(luma))
    lines = random.standard_normal((len(frames), 1, frames.shape[2], 1)) * settings.line_noise
    noise = operators.clumps(luma, 1, 0.5, random)
    luma = luma + torch.from_numpy(lines).to(luma) + noise * (settings.noise + 0.15 * band.to(luma))
    if chroma is None:
        return luma.clamp_(0.0, 1.0)
    chroma = _filtered(chroma, settings.chroma_bandwidth, 0.0, 1.0)
    chroma = _displaced(chroma, shifts.to(luma) + settings.chroma_delay)
    narrow = chroma[..., :: max(1, round(2 * settings.chroma_bandwidth))]
    streaks = operators.clumps(narrow, 2, 0.7, random) * settings.chroma_noise
    chroma = chroma + functional.interpolate(streaks, chroma.shape[2:], mode="bilinear", align_corners=False)
    return _joined(luma, chroma).clamp_(0.0, 1.0)


def _split(frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Luma (T, 1, H, W), and the differences of blue and red to it (T, 2, H, W) of colour frames."""
    if frames.shape[1] == 1:
        return frames, None
    weights = frames.new_tensor((0.299, 0.587, 0.114))[:, None, None]
    luma = (frames * weights).sum(dim=1, keepdim=True)
    return luma, frames[:, (2, 0)] - luma


def _joined(luma: torch.Tensor, chroma: torch.Tensor) -> torch.Tensor:
    blue, red = luma + chroma[:, :1], luma + chroma[:, 1:]
    green = (luma - 0.299 * red - 0.114 * blue) / 0.587
    return torch.cat([red, green, blue], dim=1)


def _filtered(frames: torch.Tensor, sigma: float, ringing: float, echo: float) -> torch.Tensor:
    """Blur along lines, and let edges echo to the right: bright after dark, then the other way, fading."""
    spread = gaussian(max(sigma, 0.2))
    reach = len(spread) // 2 + round(2 * echo) + 1
    kernel = torch.zeros(2 * reach + 1)
    kernel[reach - len(spread) // 2 : reach + len(spread) // 2 + 1] = spread
    if ringing > 0:
        axis = torch.arange(-reach, reach + 1, dtype=torch.float32)
        lobes = torch.exp(-0.5 * ((axis - echo) / (0.4 * echo)) ** 2)
        after = torch.exp(-0.5 * ((axis - 2 * echo) / (0.4 * echo)) ** 2)
        main = torch.exp(-0.5 * (axis / (0.4 * echo)) ** 2)
        echoes = main - lobes + 0.5 * (after - lobes)
        kernel += ringing * (echoes - echoes.mean()) / main.sum()
        kernel /= kernel.sum()
    shape = frames.shape
    padded = functional.pad(frames.flatten(0, 1), (reach, reach), mode="replicate")[:, None]
    # conv2d correlates: the kernel is turned round so that echoes lie to the right.
    turned = kernel.flip(0).reshape(1, 1, 1, -1).to(frames)
    return functional.conv2d(padded, turned).reshape(shape)


def _places(
    settings: Tape, surface: Surface, random: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw the lines' shifts to the right (T, 1, H, 1), in pixels, and where the heads switch, 0 to 1."""
    whole = surface.whole
    shifts = settings.jitter * random.standard_normal((surface.frames, surface.height))
    rows = np.arange(surface.height) + whole.top
    lines = settings.head_lines * whole.height * random.uniform(0.85, 1.15, (surface.frames, 1))
    depth = np.clip((rows[None] - (whole.height - lines)) / np.maximum(lines, 1e-6), 0.0, 1.0)
    depth = np.where(lines > 0, depth, 0.0)
    skew = settings.head_shift * whole.width * random.uniform(0.6, 1.2, (surface.frames, 1))
    shifts = shifts + skew * depth * random.uniform(0.8, 1.2, shifts.shape)
    return torch.from_numpy(shifts)[:, None, :, None], torch.from_numpy(depth)[:, None, :, None]


def _displaced(frames: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """Shift lines to the right by (T, 1, H, 1) pixels, linear between pixels, the edges repeated."""
    width = frames.shape[3]
    places = torch.arange(width, device=frames.device) - shifts  # T x 1 x H x W
    places = places.clamp(0, width - 1)
    first = places.floor()
    part = places - first
    index = first.to(torch.int64).expand(frames.shape)
    after = (index + 1).clamp_max_(width - 1)
    return torch.lerp(frames.gather(3, index), frames.gather(3, after), part.expand(frames.shape))
