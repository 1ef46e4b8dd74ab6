"""Colours taken from another picture: from where it shows the same place, or a thing alike."""

import torch
from torch.nn import functional

from reelfix.restoration.arrays import Plane, as_array
from reelfix.restoration.motion import Flow
from reelfix.restoration.optical_flow import estimate_motion

_TEMPERATURE = 0.02  # of the softmax over likenesses: a likeness less by so much counts 1 / e
_QUERIES = 1024  # points matched at a time: bounds memory, and never the result
_UNLIKE, _ALIKE = 0.3, 0.8  # best likeness that is worth nothing, and all
_ASTRAY = 1.5  # grid points by which the way back may miss
_BROAD = 12.0  # Lab units: spread of the colours matched beyond which they say little


def match(
    features: torch.Tensor, other_features: torch.Tensor, other_ab: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Take colours from another picture where its features are alike.

    `features` (F, h, w) and `other_features` (F, h', w') of unit length over F, `other_ab` (2, h', w') in Lab
    units; sizes may differ. Returns ab (2, h, w), the mean over the softmax of cosines, and confidence
    (1, h, w) in [0, 1]: high where something is truly alike, the way back leads home, and the colours found
    agree.

    The correlation of He et al., "Deep Exemplar-based Colorization" (SIGGRAPH 2018, eq. 2), centred as in
    Zhang et al., "Deep Exemplar-based Video Colorization" (CVPR 2019, eqs. 2 and 3).
    """
    height, width = features.shape[1:]
    here, there = _centred(features.flatten(1).float(), other_features.flatten(1).float())
    colours = other_ab.flatten(1).float()
    moments = torch.cat([colours, (colours * colours).sum(0, keepdim=True)]).T  # (h' w', 3)
    bests, places, sums = [], [], []
    likest = here.new_full((there.shape[1],), -2.0)
    homes = torch.zeros(there.shape[1], dtype=torch.long, device=here.device)
    for first in range(0, here.shape[1], _QUERIES):
        cosines = here[:, first : first + _QUERIES].T @ there  # (queries, h' w')
        best, place = cosines.max(1)
        bests.append(best)
        places.append(place)
        sums.append(torch.exp((cosines - best[:, None]) / _TEMPERATURE) @ with_ones(moments))
        back, home = cosines.max(0)
        homes = torch.where(back > likest, home + first, homes)
        likest = torch.maximum(back, likest)
    total = torch.cat(sums)
    means = total[:, :3] / total[:, 3:]
    ab = means[:, :2]
    spread = (means[:, 2] - (ab * ab).sum(1)).clamp(min=0)
    astray = _distance(torch.arange(here.shape[1], device=here.device), homes[torch.cat(places)], width)
    confidence = (
        ((torch.cat(bests) - _UNLIKE) / (_ALIKE - _UNLIKE)).clamp(0, 1)
        * torch.exp(-((astray / _ASTRAY) ** 2) / 2).clamp(min=0.2)
        * torch.exp(-spread / _BROAD**2)
    )
    return ab.T.reshape(2, height, width), confidence.reshape(1, height, width)


def with_ones(values: torch.Tensor) -> torch.Tensor:
    """Append a column of ones: sums with it are the weights' own."""
    return functional.pad(values, (0, 1), value=1.0)


def way_to(luma: torch.Tensor, other: torch.Tensor) -> tuple[Flow, Plane]:
    """Find where each place of a frame is in another of the same scene, however long before or after.

    Both (1, H, W) in [0, 1]. Returns the flow (h, w, 2) on the grid of half size, in pixels of the full
    picture, and its confidence (h, w) in [0, 1].
    """
    motion = estimate_motion(torch.stack([luma, other]))
    return as_array(motion.forward[0].permute(1, 2, 0)), as_array(motion.forward_confidence[0, 0])


def _centred(here: torch.Tensor, there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Take from features (F, n) what all have in common, so that cosines tell things apart."""
    common = (here.mean(1, keepdim=True) + there.mean(1, keepdim=True)) / 2
    return functional.normalize(here - common, dim=0), functional.normalize(there - common, dim=0)


def _distance(places: torch.Tensor, others: torch.Tensor, width: int) -> torch.Tensor:
    """Distances between grid points given by their number, row by row."""
    down = torch.div(places, width, rounding_mode="floor") - torch.div(others, width, rounding_mode="floor")
    return torch.hypot(down.float(), (places % width - others % width).float())
