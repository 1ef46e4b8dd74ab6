"""Colour distribution consistency: how far the colours of a clip wander from frame to frame."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

Histogram = npt.NDArray[np.float64]
"""Shares of code values 0 to 255, of R, G and B: (3, 256)."""

STEPS = (1, 2, 4)
"""Frames apart that are compared."""


@dataclass
class ColourConsistency:
    """CDC of a clip, frame after frame; no more than histograms are kept.

    Liu et al., "Temporally Consistent Video Colorization with Deep Feature Propagation and
    Self-regularization Learning", 2021: the mean over 1, 2 and 4 frames apart, of the mean over pairs and
    channels, of the Jensen-Shannon divergence of the histograms; in nats. 0 where frames have the same
    colours. A true clip has some; being below it is no merit.
    """

    _histograms: list[Histogram] = field(default_factory=list)

    def add(self, picture: torch.Tensor) -> None:
        """Take the next frame (3, H, W) in [0, 1]; it is rounded to 8 bits."""
        if picture.ndim != 3 or len(picture) != 3:
            raise ValueError(f"{tuple(picture.shape) = } must be (3, H, W).")
        codes = (picture.detach().cpu().clamp(0, 1) * 255).round().to(torch.uint8).flatten(1).numpy()
        counts = np.stack([np.bincount(plane, minlength=256) for plane in codes])
        self._histograms.append(counts / codes.shape[1])

    @property
    def value(self) -> float:
        """The CDC of the frames so far; steps longer than the clip do not count. NaN below two frames."""
        found = [
            np.mean([divergence(self._histograms[t], self._histograms[t + step]) for t in range(pairs)])
            for step in STEPS
            if (pairs := len(self._histograms) - step) > 0
        ]
        return float(np.mean(found)) if found else float("nan")


def divergence(first: Histogram, second: Histogram) -> float:
    """Jensen-Shannon divergence of distributions (..., K), mean over the others; 0 to log 2."""
    middle = (first + second) / 2
    return float((_relative(first, middle) + _relative(second, middle)).mean() / 2)


def _relative(first: Histogram, second: Histogram) -> Histogram:
    """Kullback-Leibler divergence along the last axis; `second` is nowhere 0 where `first` is not."""
    there = first > 0
    ratio = np.divide(first, second, out=np.ones_like(first), where=there)
    return np.asarray((first * np.log(ratio)).sum(axis=-1))
