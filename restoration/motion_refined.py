"""Motion of restored frames: sought again, from where it was found on the damaged ones.

Grain and dirt lead a search astray by tenths of a pixel, which blurs what is fused along the motion. Once
they are gone, a few steps of dense inverse search's descent at the finest scale alone (Kroeger et al., "Fast
Optical Flow using Dense Inverse Search", ECCV 2016, section 2.1) mend that, whatever found the motion first:
on damaged clips they do as well as a whole search on the restored frames.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.fusion import same_scene
from reelfix.restoration.motion import Flow, Motion
from reelfix.restoration.optical_flow import estimate_motion, grown_to_search

_STEPS = 6  # of descent, for each patch
_STRIDE = 4  # grid points from patch to patch


def refined_motion(frames: torch.Tensor, motion: Motion) -> Motion:
    """Seek the `motion` between neighbours in `frames`, float32 (T, C, H, W) in [0, 1], from where it is.

    Flows and confidences are settled as `estimate_motion` does it; frame t's depend on frames t - 2 to t + 2
    and on their motion. Between frames that may show different scenes they stay as they are: what is clean
    is found likely the sooner, in another scene too. Raises ValueError where `motion` is not that of so many
    frames.
    """
    if motion.frame_count != len(frames):
        raise ValueError(f"{motion.frame_count = } must be {len(frames) = }: the motion of the same frames.")
    ways = [as_array(flow) for flow in (motion.forward, motion.backward)]

    def search(views: Sequence[Plane]) -> list[tuple[Flow, Flow]]:
        def both_ways(t: int) -> tuple[Flow, Flow]:
            earlier, later = views[t], views[t + 1]
            return _descended(earlier, later, ways[0][t]), _descended(later, earlier, ways[1][t + 1])

        return map_frames(both_ways, range(len(views) - 1))

    refined = estimate_motion(frames, search=search)
    kept = _same_scene(motion)
    ahead = torch.cat([kept, kept.new_ones(1)])[:, None, None, None]
    back = torch.cat([kept.new_ones(1), kept])[:, None, None, None]
    return Motion(
        torch.where(ahead, refined.forward, motion.forward),
        torch.where(back, refined.backward, motion.backward),
        torch.where(ahead, refined.forward_confidence, motion.forward_confidence),
        torch.where(back, refined.backward_confidence, motion.backward_confidence),
    )


def _same_scene(motion: Motion) -> torch.Tensor:
    """Whether frames t and t + 1 show the same scene, beyond doubt: bool (T - 1,)."""
    ahead = same_scene(motion.forward_confidence[:-1, 0])
    back = same_scene(motion.backward_confidence[1:, 0])
    return torch.minimum(ahead, back).flatten() >= 1


def _descended(source: Plane, target: Plane, start: Plane) -> Flow:
    """Displacements (h, w, 2) from `source` to `target`, (h, w) uint8, sought from `start` (2, h, w)."""
    height, width = source.shape
    source, target = grown_to_search(source), grown_to_search(target)
    flow = grown_to_search(np.ascontiguousarray(start.transpose(1, 2, 0)) * np.float32(0.5))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setVariationalRefinementIterations(0)
    search.setFinestScale(0)
    search.setCoarsestScale(0)
    search.setPatchStride(_STRIDE)
    search.setGradientDescentIterations(_STEPS)
    found: Flow = search.calc(source, target, flow)
    return found[:height, :width] * np.float32(2)
