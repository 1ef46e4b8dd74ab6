"""Motion-compensated median and average, as SpotLess and MDegrain do it."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.bin.benchmarks.quality.ffmpeg_chains import EVEN_LIGHT, filtered

Frames = npt.NDArray[Any]
"""float32 (T, H, W) in [0, 1]."""

_BLOCK = 8
_THRESHOLD = 400 / 64 / 255
"""MDegrain's default thSAD, 400 over a block of 8 x 8 at 8 bits, as a mean over its pixels."""


def compensated_median(frames: torch.Tensor) -> torch.Tensor:
    """Median of five motion-compensated frames, (T, 1, H, W), after ffmpeg's deflicker and tmidequalizer.

    The light is evened first since neither the flow nor the median can bear flicker; the flow is DIS, on
    copies from which a 3 x 3 median has taken most dust.
    """
    steady = filtered(frames, EVEN_LIGHT)[:, 0].numpy()
    medians = [np.median(np.stack([*around]), axis=0) for around in _around(steady, 2)]
    return torch.from_numpy(np.stack(medians)[:, None].astype(np.float32))


def compensated_average(frames: torch.Tensor) -> torch.Tensor:
    """`compensated_median`, then an average over 11 motion-compensated frames.

    Each frame's weight at a place is MDegrain's, (t^2 - d^2) / (t^2 + d^2) with d the mean difference over a
    block about it and t the threshold, none where d > t.
    """
    steady = compensated_median(frames)[:, 0].numpy()
    averages = []
    for here, around in zip(steady, _around(steady, 5), strict=True):
        total, weights = here.copy(), np.ones_like(here)
        next(around)  # the frame itself
        for moved in around:
            apart = cv2.blur(np.abs(moved - here), (_BLOCK, _BLOCK))
            weight = np.maximum(_THRESHOLD**2 - apart**2, 0) / (_THRESHOLD**2 + apart**2)
            total += weight * moved
            weights += weight
        averages.append(total / weights)
    return torch.from_numpy(np.stack(averages)[:, None].clip(0, 1).astype(np.float32))


def sharpened_average(frames: torch.Tensor) -> torch.Tensor:
    """`compensated_average`, then ffmpeg's unsharp mask."""
    return filtered(compensated_average(frames), "unsharp=5:5:0.6")


def _around(frames: Frames, reach: int) -> Iterator[Iterator[Frames]]:
    """For every frame: itself, then its neighbours within `reach`, moved to where it shows them."""
    codes = [cv2.medianBlur(np.rint(frame * 255).astype(np.uint8), 3) for frame in frames]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    rows, columns = np.indices(frames[0].shape, dtype=np.float32)

    def moved(here: int) -> Iterator[Frames]:
        yield frames[here]
        for there in range(max(0, here - reach), min(len(frames), here + reach + 1)):
            if there == here:
                continue
            flow = np.zeros((*frames[0].shape, 2), np.float32)
            flow = np.asarray(dis.calc(np.asarray(codes[here]), np.asarray(codes[there]), flow))
            yield np.asarray(
                cv2.remap(
                    frames[there],
                    columns + flow[..., 0],
                    rows + flow[..., 1],
                    cv2.INTER_CUBIC,
                    borderMode=cv2.BORDER_REPLICATE,
                )
            )

    return (moved(here) for here in range(len(frames)))
