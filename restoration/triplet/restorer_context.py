"""Neighbouring frames brought to a frame's place by torch alone, on whatever device they are.

What `context.neighbours_along` does with OpenCV, for GPUs. It differs where OpenCV rounds places to 1/32
pixel and torch does not: by less than two code values of 8 bits at sharp edges, by some 0.03 on average.
"""

from collections.abc import Iterator, Sequence

import torch
from torch.nn import functional

from reelfix.restoration.motion import Motion
from reelfix.restoration.triplet.context import NEIGHBOUR_STEPS


def neighbours_on_device(
    lumas: torch.Tensor, motion: Motion, frame: int, steps: Sequence[int] = NEIGHBOUR_STEPS
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bring the frames `steps` away from `frame` to its place; `lumas`: float32 (T, H, W), with their motion.

    Returns neighbours (len(steps), H, W) and trust (len(steps), ceil(H / 4), ceil(W / 4)) on the device of
    `lumas`, as `context.neighbours_along` does.
    """
    height, width = lumas.shape[1:]
    flows = {
        step: flow
        for way in (-1, 1)
        for step, flow in _flows(motion, frame, way, max(0, *(way * step for step in steps)))
        if step in steps
    }
    here = lumas[frame]
    no_trust = here.new_zeros((-(-height // 4), -(-width // 4)))
    views, trusts = [], []
    for step in steps:
        if step not in flows:
            views.append(here)
            trusts.append(no_trust)
            continue
        flow, trust = flows[step]
        full = functional.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=False)
        place = _places(full[..., :height, :width])
        views.append(_sampled(lumas[frame + step][None, None], place, "bicubic", "border")[0, 0])
        grown = functional.pad(trust, (0, trust.shape[3] % 2, 0, trust.shape[2] % 2), mode="replicate")
        trusts.append(functional.avg_pool2d(grown, 2)[0, 0])
    return torch.stack(views), torch.stack(trusts)


def _flows(
    motion: Motion, frame: int, way: int, most: int
) -> Iterator[tuple[int, tuple[torch.Tensor, torch.Tensor]]]:
    """Flow (1, 2, h, w) and confidence (1, 1, h, w) to each frame up to `most` away, one way."""
    onward = motion.forward if way > 0 else motion.backward
    trusted = motion.forward_confidence if way > 0 else motion.backward_confidence
    flow, trust = onward[frame][None], trusted[frame][None]
    for distance in range(1, most + 1):
        other = frame + way * distance
        if not 0 <= other < motion.frame_count:
            return
        if distance > 1:
            place, before = _places(flow / 2), other - way
            flow = flow + _sampled(onward[before][None], place, "bilinear", "border")
            trust = trust * _sampled(trusted[before][None], place, "bilinear", "zeros")
        yield way * distance, (flow, trust)


def _places(flow: torch.Tensor) -> torch.Tensor:
    """Where a flow (1, 2, h, w), in steps of its own grid, leads: (1, h, w, 2) as grid_sample takes them."""
    height, width = flow.shape[2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None]
    x, y = flow[:, 0] + columns, flow[:, 1] + rows
    return torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=3)


def _sampled(picture: torch.Tensor, place: torch.Tensor, mode: str, edge: str) -> torch.Tensor:
    return functional.grid_sample(picture, place, mode=mode, padding_mode=edge, align_corners=False)
