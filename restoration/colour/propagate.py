"""Colours carried along the motion, from key frames to those between."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane, as_array
from reelfix.restoration.colour.upsampling import Colours
from reelfix.restoration.motion import Flow, Motion, grid_maps

_STEP_TRUST = np.float32(0.99)  # what a step along the motion leaves of the trust in it
_TONE = np.float32(0.06)  # difference of luma, of 1, at which trust has fallen to 1 / e
_LIGHT = (31, 31)  # grid points across which a common difference is light, and no other thing


@dataclass(frozen=True)
class Way:
    """Where each point of one frame is in another, on the grid of half size."""

    flow: Flow
    """float32 (h, w, 2), in pixels of the full picture."""
    trust: Plane
    """float32 (h, w) in [0, 1]."""

    def bring(self, plane: Plane) -> Plane:
        """Bring a plane (h, w) or (h, w, k) of the other frame to this one's points."""
        map_x, map_y = grid_maps(self.flow)
        return np.asarray(cv2.remap(plane, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    def agreeing(self, here: Plane, there: Plane) -> "Way":
        """Trust it less where the luma (h, w) of this frame is not that of the other at the way's end.

        Light that changes over a whole region is no disagreement.
        """
        difference = here - self.bring(there)
        difference -= cv2.blur(difference, _LIGHT)
        apart = np.asarray(cv2.blur(np.abs(difference), (3, 3))) * np.float32(1 / _TONE)
        return Way(self.flow, self.trust * np.asarray(cv2.exp(-apart * apart)))


def ways(motion: Motion, frame: int, target: int) -> Iterator[tuple[int, Way]]:
    """Yield the frames from beside `target` to `frame`, each with its way to `target`.

    A frame's way is one step along its own motion, and from there that of the frame it leads to: trusted as
    far as the least trusted step. Frames are counted as `motion` counts them.
    """
    step = 1 if frame > target else -1
    flows = motion.backward if step > 0 else motion.forward
    trusts = motion.backward_confidence if step > 0 else motion.forward_confidence
    way = None
    for t in range(target + step, frame + step, step):
        flow = np.ascontiguousarray(as_array(flows[t]).transpose(1, 2, 0))
        trust = as_array(trusts[t])[0] * _STEP_TRUST
        if way is not None:
            first = Way(flow, trust)
            beyond = first.bring(cv2.merge([way.flow, way.trust]))
            flow = flow + beyond[..., :2]
            trust = np.minimum(trust, beyond[..., 2] * _STEP_TRUST)
        way = Way(flow, trust)
        yield t, way


@dataclass(frozen=True)
class Carried:
    """Colours brought to a frame, and how far they are to be believed."""

    colours: Colours
    """a and b in Lab units, (h, w, 2) float32."""
    trust: Plane
    """float32 (h, w) in [0, 1]."""


def blended(sources: list[Carried], shares: list[float]) -> Carried:
    """Mean of colours (h, w, 2) by trust and share; where nothing is trusted, by share.

    The trust in it is the highest of all.
    """
    least = np.float32(1e-3)
    weights = [
        (source.trust + least) * np.float32(share) for source, share in zip(sources, shares, strict=True)
    ]
    total = np.maximum(sum(weights), np.float32(1e-9))
    colours = sum(
        source.colours * (weight / total)[..., None] for source, weight in zip(sources, weights, strict=True)
    )
    trust = np.max([source.trust for source in sources], axis=0)
    return Carried(np.asarray(colours), np.asarray(trust))
