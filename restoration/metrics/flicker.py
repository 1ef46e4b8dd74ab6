"""Flicker: unsteadiness of brightness in time."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

LOG_FLOOR = 0.01
"""Added to luma before its logarithm, so that black pixels do not rule the mean."""
_REC_601 = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class FlickerEnergy:
    """Unsteadiness of brightness, as natural logarithms: 0.01 is about one per cent from frame to frame."""

    overall: float
    """Of the whole picture."""
    local: float
    """Of blocks of the picture: finds the flicker that the whole picture averages out."""


class FlickerMeter:
    """Measures flicker frame by frame; keeps a few numbers of each frame."""

    def __init__(self, blocks: tuple[int, int] = (6, 8)) -> None:
        self._blocks = blocks
        self._logs: list[torch.Tensor] = []

    def add(self, frame: torch.Tensor, truth: torch.Tensor | None = None) -> None:
        """Take the next frame (C, H, W) in [0, 1]; with the `truth`, the ratio of the two is measured."""
        logs = _block_logs(frame[None], self._blocks)
        self._logs.append(logs if truth is None else logs - _block_logs(truth[None], self._blocks))

    def energy(self) -> FlickerEnergy:
        """Return the flicker of all frames so far; 0 for fewer than 3."""
        if len(self._logs) < 3:
            return FlickerEnergy(0.0, 0.0)
        logs = torch.cat(self._logs)  # Txrowsxcolumns
        means = logs.mean(dim=(1, 2), keepdim=True)
        return FlickerEnergy(_second_difference(means), _second_difference(logs))


def flicker_energy(clip: torch.Tensor, blocks: tuple[int, int] = (6, 8)) -> FlickerEnergy:
    """Measure the flicker of one shot, (T, C, H, W) in [0, 1], C = 1 or 3.

    `L(t, b)` is the mean over block b of `log(luma + LOG_FLOOR)`; the energy is the root mean square of its
    second difference in time, `L(t-1) - 2 L(t) + L(t+1)`, divided by sqrt(6): for a brightness that jumps
    freely from frame to frame it is the standard deviation of those jumps. A steady fade has none. Moving
    things give the truth itself a small one: compare with it. 0 for fewer than 3 frames.
    The second difference is what van Roosmalen's stabilised means are judged by ("Restoration of Archived
    Film and Video", TU Delft 1999, chapter 3), taken of logarithms, so that exposure counts alike in light
    and dark. `blocks`: rows and columns.
    """
    meter = FlickerMeter(blocks)
    for frame in clip:
        meter.add(frame)
    return meter.energy()


def flicker_left(clip: torch.Tensor, truth: torch.Tensor, blocks: tuple[int, int] = (6, 8)) -> FlickerEnergy:
    """Measure the flicker that `clip` has more than the clean `truth`, both (T, C, H, W) in [0, 1].

    `flicker_energy` of the ratio of the two, so that what moves, alike in both, counts for nothing.
    """
    meter = FlickerMeter(blocks)
    for frame, true in zip(clip, truth, strict=True):
        meter.add(frame, true)
    return meter.energy()


def _block_logs(frame: torch.Tensor, blocks: tuple[int, int]) -> torch.Tensor:
    """Mean log luma of each block: (1, C, H, W) to (1, rows, columns), float64."""
    weights = torch.tensor(_REC_601 if frame.shape[1] == 3 else (1.0,), dtype=torch.float64)
    luma = torch.einsum("tchw,c->thw", frame.double(), weights.to(frame.device))
    logs = torch.log(luma.clamp_min(0) + LOG_FLOOR)
    return functional.adaptive_avg_pool2d(logs[:, None], blocks)[:, 0]


def _second_difference(series: torch.Tensor) -> float:
    """Root mean square of the second difference along the first axis, over sqrt(6)."""
    second = series[2:] - 2 * series[1:-1] + series[:-2]
    return math.sqrt(float((second * second).mean()) / 6)
