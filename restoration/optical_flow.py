"""Optical flow between neighbouring frames: dense inverse search both ways, checked one against the other.

Kroeger et al., "Fast Optical Flow using Dense Inverse Search" (ECCV 2016), as OpenCV has it, on luma of half
the picture's size: there a frame takes milliseconds, and grain and small dirt weigh little.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array, half_size, luma_of, stacked
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Flow, Motion, grid_maps

_SMALLEST_SIDE = 32  # the search's patches and pyramid need this much
_NOISIEST = 40.0  # 8-bit levels of difference that grain may account for
_FAITHLESS = 0.02  # confidence below which a displacement is replaced altogether


@dataclass(frozen=True)
class _View:
    """One frame as the search sees it."""

    codes: Plane
    """uint8 (h, w): half size, its tones stretched to 8 bits."""


def estimate_motion(frames: torch.Tensor, *, iterations: int = 12) -> Motion:
    """Estimate the motion between neighbours in `frames`, float32 (T, C, H, W) in [0, 1].

    Tones are normalised frame by frame, so that flicker is not taken for motion. Displacements that are not
    confirmed by the way back, or by the picture there, give way to those around them: across dirt the flow
    is that of its surroundings. Frame t's flows depend on frames t - 1, t and t + 1 alone.
    """
    images = as_array(frames)
    views = map_frames(_view, list(images))
    pairs = map_frames(lambda t: _both_ways(views[t], views[t + 1], iterations), list(range(len(images) - 1)))
    height, width = -(-images.shape[2] // 2), -(-images.shape[3] // 2)
    none = (np.zeros((2, height, width), np.float32), np.zeros((1, height, width), np.float32))
    forward = [pair[0] for pair in pairs] + [none]
    backward = [none] + [pair[1] for pair in pairs]
    return Motion(
        forward=stacked([flow for flow, _ in forward], frames),
        backward=stacked([flow for flow, _ in backward], frames),
        forward_confidence=stacked([trust for _, trust in forward], frames),
        backward_confidence=stacked([trust for _, trust in backward], frames),
    )


def _view(frame: Image) -> _View:
    luma = luma_of(np.stack([half_size(channel) for channel in frame]))
    low, high = np.percentile(luma[::2, ::2], (1, 99))
    scale = 224 / max(float(high - low), 0.05)
    codes = np.clip((luma - low) * scale + 16, 0, 255).astype(np.uint8)
    return _View(codes)


def _both_ways(
    earlier: _View, later: _View, iterations: int
) -> tuple[tuple[Flow, Plane], tuple[Flow, Plane]]:
    """Flow (2, h, w) and confidence (1, h, w), forward of the earlier frame and backward of the later one."""
    forward = _search(earlier.codes, later.codes, iterations)
    backward = _search(later.codes, earlier.codes, iterations)
    there = _trust(earlier, later, forward, backward)
    back = _trust(later, earlier, backward, forward)
    return _settled(forward, there), _settled(backward, back)


def _search(source: Plane, target: Plane, iterations: int) -> Flow:
    """Displacements (h, w, 2) from `source` to `target`, in pixels of the full picture."""
    height, width = source.shape
    grow = (max(_SMALLEST_SIDE - height, 0), max(_SMALLEST_SIDE - width, 0))
    if any(grow):
        source, target = (
            cv2.copyMakeBorder(image, 0, grow[0], 0, grow[1], cv2.BORDER_REPLICATE)
            for image in (source, target)
        )
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(0)
    search.setGradientDescentIterations(iterations)
    search.setVariationalRefinementIterations(0)
    flow: Flow = search.calc(source, target, np.zeros((*source.shape, 2), np.float32))
    return flow[:height, :width] * np.float32(2)


def _trust(source: _View, target: _View, flow: Flow, reverse: Flow) -> Plane:
    """Confidence (h, w) of `flow`: the way back must end where it began, on a picture that looks the same."""
    map_x, map_y = grid_maps(flow)
    back = cv2.remap(reverse, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    astray = cv2.boxFilter(_squared(flow + back), -1, (3, 3))
    leeway = 1.0 + 0.01 * _squared(flow)
    seen = cv2.remap(target.codes, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    difference = source.codes.astype(np.float32) - seen
    difference -= cv2.blur(difference, (31, 31))  # a change of light is no error of motion
    residual = cv2.boxFilter(np.abs(difference), -1, (5, 5))
    tolerated = 6.0 + min(4.0 * float(np.median(residual[::3, ::3])), _NOISIEST)
    inside = (map_x > -1) & (map_y > -1) & (map_x < flow.shape[1]) & (map_y < flow.shape[0])
    return np.asarray(np.exp(-astray / leeway - np.square(residual / tolerated)) * inside, dtype=np.float32)


def _squared(flow: Flow) -> Plane:
    """Squared length of displacements (h, w)."""
    return np.asarray(np.square(flow[..., 0]) + np.square(flow[..., 1]))


def _settled(flow: Flow, trust: Plane) -> tuple[Plane, Plane]:
    """Replace what is not trusted by the trusted flow around it; returns (2, h, w) and (1, h, w)."""
    around = spread(flow, trust)
    weight = np.clip(trust / (trust.max() + 1e-6), _FAITHLESS, 1)[..., None]
    mixed = around + (flow - around) * weight
    return np.ascontiguousarray(mixed.transpose(2, 0, 1)), trust[None]


def spread(values: Plane, weight: Plane) -> Plane:
    """Fill `values` (h, w, k) from where `weight` (h, w) is high: normalised convolution over a pyramid.

    Knutsson and Westin, "Normalized and differential convolution" (CVPR 1993). Where the finest scale has
    too little weight about a point, coarser ones answer.
    """
    height, width = values.shape[:2]
    stack = np.dstack([values * weight[..., None], weight])
    levels = [stack]
    while min(levels[-1].shape[:2]) > 4:
        levels.append(cv2.pyrDown(levels[-1]))
    filled = levels[-1]
    for level in reversed(levels[:-1]):
        coarse = cv2.pyrUp(filled, dstsize=(level.shape[1], level.shape[0]))
        # The coarse answer counts for little beside any weight of the level's own.
        filled = level + coarse * (np.float32(0.02) / np.maximum(coarse[..., -1:], 1e-6))
    sums = filled[..., :-1].reshape(height, width, -1)
    return np.asarray(sums / np.maximum(filled[..., -1:], 1e-6), dtype=np.float32)


def spread_coarsely(values: Plane, weight: Plane, factor: int) -> Plane:
    """Do as `spread`, on a grid coarser by `factor`: for what is smooth, at a fraction of the cost."""
    height, width = weight.shape
    size = (-(-width // factor), -(-height // factor))
    small = cv2.resize(np.dstack([values * weight[..., None], weight]), size, interpolation=cv2.INTER_AREA)
    share = small[..., -1]
    filled = spread(small[..., :-1] / np.maximum(small[..., -1:], 1e-6), share)
    enlarged = np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR))
    return enlarged.reshape(values.shape)
