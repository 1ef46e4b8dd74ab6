"""Optical flow between neighbouring frames: dense inverse search both ways, robust to grain and dirt.

Kroeger et al., "Fast Optical Flow using Dense Inverse Search" (ECCV 2016), as OpenCV has it, on luma of half
the picture's size: there a frame takes milliseconds, and grain and small dirt weigh little. What the search
finds competes with the motion of the whole scene; then each frame is cleaned with what its neighbours show
along these first flows, and the flows are settled, and judged, on the clean frames.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array, half_size, luma_of
from reelfix.restoration.flow_choice import carried, chosen, motion_of_most, noise_between
from reelfix.restoration.flow_trust import flow_trust
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Flow, Motion

_SMALLEST_SIDE = 32  # the search's patches and pyramid need this much
_WIDE = 560  # grid points across: above, the search is made at half the grid's resolution, then refined
_STRIDE_TO_REFINE = 6  # grid points from patch to patch
_REFINEMENT = 2  # descent steps for each, of twelve in the search
_LIGHT = (61, 61)  # grid points over which light is taken to be even
_COMPLEXITY = 0.2  # what is gained by leaving the scene's motion must exceed this, in noise
_OTHER_WAY = 0.05  # and this by going on as one came
_STANDS_OUT = 4.0  # noise: what differs from both neighbours by more is dirt
_FAITHLESS, _FAITHFUL = 0.02, 0.5  # confidence below which a displacement is replaced, above which it is kept


Search = Callable[[Sequence[Plane]], list[tuple[Flow, Flow]]]
"""What finds flows between neighbouring views, (h, w) uint8 about 128: of each pair, onward and back."""


@dataclass(frozen=True)
class _Pair:
    """First flows between two neighbouring frames."""

    forward: Flow
    """From the earlier to the later."""
    backward: Flow
    noise: float
    """Median difference along the flow, in codes."""


def estimate_motion(frames: torch.Tensor, *, iterations: int = 12, search: Search | None = None) -> Motion:
    """Estimate the motion between neighbours in `frames`, float32 (T, C, H, W) in [0, 1].

    Light is taken out of every frame, global and local, so that flicker is not taken for motion.
    Displacements that are not confirmed by the way back, or by the picture there, give way to those around
    them: across dirt the flow is that of its surroundings. Frame t's flows depend on frames t - 2 to t + 2.
    `search`: what finds the flows in place of the dense inverse search, whose `iterations` then do nothing.
    """
    images = as_array(frames)
    views = map_frames(_view, list(images))
    found = search(views) if search else _search_pairs(views, iterations)
    pairs = map_frames(lambda t: _first_flows(views[t], views[t + 1], *found[t]), range(len(images) - 1))
    clean = map_frames(lambda t: _cleaned(views, pairs, t), range(len(images)))
    count, (height, width) = len(images), views[0].shape
    flows, trusts = (
        np.empty((2, count, 2, height, width), np.float32),
        np.empty((2, count, 1, height, width), np.float32),
    )
    for way, end in ((0, -1), (1, 0)):
        flows[way, end], trusts[way, end] = 0, 0

    def settle(t: int) -> None:
        for way, (flow, trust) in enumerate(_both_ways(clean, pairs, t)):
            flows[way, t + way] = cv2.split(flow)
            trusts[way, t + way] = trust

    map_frames(settle, range(count - 1))
    return Motion(*(torch.from_numpy(made).to(frames.device) for made in (*flows, *trusts)))


def _view(frame: Image) -> Plane:
    """A frame as the search sees it: uint8 (h, w), half size, its contrast stretched, without its light."""
    luma = luma_of(np.stack([half_size(channel) for channel in frame]))
    low, high = np.percentile(luma[::2, ::2], (1, 99))
    codes = luma * np.float32(224 / max(float(high - low), 0.05))
    return np.asarray(cv2.addWeighted(codes, 1, cv2.blur(codes, _LIGHT), -1, 128, dtype=cv2.CV_8U))


def _search_pairs(views: list[Plane], iterations: int) -> list[tuple[Flow, Flow]]:
    def both_ways(t: int) -> tuple[Flow, Flow]:
        earlier, later = views[t], views[t + 1]
        return _search(earlier, later, iterations), _search(later, earlier, iterations)

    return map_frames(both_ways, range(len(views) - 1))


def _first_flows(earlier: Plane, later: Plane, forward: Flow, backward: Flow) -> _Pair:
    noise = noise_between(earlier, later, forward)
    return _Pair(
        chosen(earlier, later, _candidates(forward, backward), noise),
        chosen(later, earlier, _candidates(backward, forward), noise),
        noise,
    )


def _candidates(flow: Flow, reverse: Flow) -> list[tuple[Flow, float]]:
    """The motion of the whole scene, and the flow found, without specks."""
    channels = [cv2.medianBlur(channel, 5) for channel in cv2.split(flow)]
    return [(motion_of_most(flow, reverse), 0.0), (np.asarray(cv2.merge(channels)), _COMPLEXITY)]


def _search(source: Plane, target: Plane, iterations: int) -> Flow:
    """Displacements (h, w, 2) from `source` to `target`, in pixels of the full picture."""
    height, width = source.shape
    source, target = grown_to_search(source), grown_to_search(target)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setVariationalRefinementIterations(0)
    is_wide = source.shape[1] > _WIDE
    search.setFinestScale(1 if is_wide else 0)
    search.setGradientDescentIterations(iterations)
    flow: Flow = search.calc(source, target, np.zeros((*source.shape, 2), np.float32))
    if is_wide:
        search.setFinestScale(0)
        search.setCoarsestScale(0)
        search.setPatchStride(_STRIDE_TO_REFINE)
        search.setGradientDescentIterations(_REFINEMENT * iterations // 12)
        flow = search.calc(source, target, flow)
    return flow[:height, :width] * np.float32(2)


def grown_to_search(image: Plane) -> Plane:
    """Repeat the last row and column of (h, w) or (h, w, 2) up to what a dense inverse search needs."""
    height, width = image.shape[:2]
    grow = (max(_SMALLEST_SIDE - height, 0), max(_SMALLEST_SIDE - width, 0))
    if not any(grow):
        return image
    return np.asarray(cv2.copyMakeBorder(image, 0, grow[0], 0, grow[1], cv2.BORDER_REPLICATE))


def _cleaned(views: list[Plane], pairs: list[_Pair], frame: int) -> Plane:
    """A view (h, w) with what stands out from both neighbours replaced, averaged where all three agree."""
    view = views[frame]
    if not 0 < frame < len(pairs):
        return view
    before = carried(views[frame - 1], pairs[frame - 1].backward)
    after = carried(views[frame + 1], pairs[frame].forward)
    most = min(_STANDS_OUT * max(pairs[frame - 1].noise, pairs[frame].noise), 255.0)
    apart = [cv2.absdiff(view, other) > most for other in (before, after)]
    mean = cv2.addWeighted(before, 0.5, after, 0.5, 0)
    outside = (cv2.min(before, after) > view) | (cv2.max(before, after) < view)
    is_dirt = (apart[0] & apart[1] & outside & (cv2.absdiff(before, after) < most)).astype(np.uint8)
    is_dirt = np.asarray(cv2.dilate(is_dirt, np.ones((3, 3), np.uint8)))
    calm = np.where(apart[0] | apart[1], view, cv2.addWeighted(mean, 2 / 3, view, 1 / 3, 0))
    return np.where(is_dirt > 0, mean, calm)


def _both_ways(
    clean: list[Plane], pairs: list[_Pair], frame: int
) -> tuple[tuple[Flow, Plane], tuple[Flow, Plane]]:
    """Flow (h, w, 2) and confidence (h, w), forward of `frame` and backward of the next one."""
    earlier, later, pair = clean[frame], clean[frame + 1], pairs[frame]
    forward, backward = [(pair.forward, 0.0)], [(pair.backward, 0.0)]
    # What moves evenly goes on as it came.
    if frame > 0:
        forward.append((-pairs[frame - 1].backward, _OTHER_WAY))
    if frame + 1 < len(pairs):
        backward.append((-pairs[frame + 1].forward, _OTHER_WAY))
    there = chosen(earlier, later, forward, pair.noise)
    back = chosen(later, earlier, backward, pair.noise)
    noise = noise_between(earlier, later, there)
    return (
        _settled(there, _trust(earlier, later, there, back, noise)),
        _settled(back, _trust(later, earlier, back, there, noise)),
    )


def _trust(source: Plane, target: Plane, flow: Flow, reverse: Flow, noise: float) -> Plane:
    """Do as `flow_trust`; what is wide is judged at half the grid's resolution."""
    height, width = source.shape
    if width <= _WIDE:
        return flow_trust(source, target, flow, reverse, noise)
    size = (-(-width // 2), -(-height // 2))
    source, target, flow, reverse = (
        cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (source, target, flow, reverse)
    )
    half = np.float32(0.5)
    return np.asarray(
        cv2.resize(flow_trust(source, target, flow * half, reverse * half, noise), (width, height))
    )


def _settled(flow: Flow, trust: Plane) -> tuple[Flow, Plane]:
    """Replace what is not trusted by the trusted flow around it; returns (h, w, 2) and (h, w)."""
    around = spread_coarsely(flow, trust, 2)
    weight = np.clip(trust * np.float32(1 / _FAITHFUL), _FAITHLESS, 1)
    return np.asarray(cv2.blendLinear(flow, around, weight, 1 - weight)), trust


def spread(values: Plane, weight: Plane) -> Plane:
    """Fill `values` (h, w, k) from where `weight` (h, w) is high: normalised convolution over a pyramid.

    Knutsson and Westin, "Normalized and differential convolution" (CVPR 1993). Where the finest scale has
    too little weight about a point, coarser ones answer.
    """
    height, width = values.shape[:2]
    stack = _weighed(values, weight)
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
    small = cv2.resize(_weighed(values, weight), size, interpolation=cv2.INTER_AREA)
    share = small[..., -1]
    filled = spread(small[..., :-1] / np.maximum(small[..., -1:], 1e-6), share)
    enlarged = np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR))
    return enlarged.reshape(values.shape)


def _weighed(values: Flow, weight: Plane) -> Flow:
    """Values (h, w, k) times their weights (h, w), and last the weights: (h, w, k + 1)."""
    return np.asarray(cv2.merge([*(channel * weight for channel in cv2.split(values)), weight]))
