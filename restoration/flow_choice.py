"""A flow chosen, place by place, among candidates: by how well each explains the other frame.

Fusion of flow fields (Lempitsky, Roth, Rother, "FusionFlow", CVPR 2008), made soft and local: no cut is
sought, a candidate counts by its residual in a small window. What is simple wins where the picture cannot
tell: in flat places and under dirt the motion is that of the whole scene, not that of the grain.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Flow, grid_maps

_WINDOW = 7  # grid points across which a residual is taken
_SOFTNESS = 0.1  # residuals closer than this, in noise, share the place
_OTHER_THING = (6.0, 45.0, 90.0)  # noise, least and most codes: a larger difference is dirt, however large
_QUIETEST, _NOISIEST = 1.0, 12.0  # codes
_SAMPLED = 8  # grid points from one sample of the scene's motion to the next
_ROUNDS = 4  # of reweighting
_OUTLIER = 0.2  # pixels squared: a sample this far from the scene's motion counts for a third


def carried(view: Plane, flow: Flow) -> Plane:
    """Bring a view (h, w) uint8 along `flow` (h, w, 2), in pixels of the full picture."""
    return np.asarray(cv2.remap(view, *grid_maps(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def noise_between(source: Plane, target: Plane, flow: Flow) -> float:
    """Median difference of two uint8 views along a flow, in codes, 1 to 12: more than that is no grain."""
    median = float(np.median(cv2.absdiff(source, carried(target, flow))[::2, ::2]))
    return min(max(median, _QUIETEST), _NOISIEST)


def chosen(source: Plane, target: Plane, candidates: Sequence[tuple[Flow, float]], noise: float) -> Flow:
    """Mix candidate flows (h, w, 2) from `source` to `target`, both (h, w) uint8, by their residuals.

    Each comes with a handicap, in noise, that is added to its residual; `noise` as `noise_between` has it.
    """
    if len(candidates) == 1:
        return candidates[0][0]
    codes, least, most = _OTHER_THING
    cap = int(min(max(codes * noise, least), most))
    residuals: list[Plane] = []
    for flow, handicap in candidates:
        difference = np.minimum(cv2.absdiff(source, carried(target, flow)), np.uint8(cap))
        residual: Plane = cv2.boxFilter(difference, cv2.CV_32F, (_WINDOW, _WINDOW))
        residual += np.float32(handicap * noise)
        residuals.append(residual)
    best = np.minimum.reduce(residuals)
    mixed, total = candidates[0][0], np.zeros_like(best)
    for (flow, _), residual in zip(candidates, residuals, strict=True):
        weight = np.subtract(best, residual, out=residual)
        weight *= np.float32(1 / (_SOFTNESS * noise))
        weight = np.asarray(cv2.exp(weight))
        mixed = cv2.blendLinear(mixed, flow, total, weight) if mixed is not flow else flow
        total += weight
    return np.asarray(mixed)


def motion_of_most(flow: Flow, reverse: Flow) -> Flow:
    """The affine motion that most of `flow` follows, (h, w, 2): that of the camera, or none.

    Least squares, reweighted against outliers; samples whose way back (`reverse`) leads elsewhere count less.
    """
    height, width = flow.shape[:2]
    rows, columns = (np.arange(min(_SAMPLED // 2, size - 1), size, _SAMPLED) for size in (height, width))
    y, x = (values.ravel() for values in np.meshgrid(rows, columns, indexing="ij"))
    seen = flow[y, x].astype(np.float64)
    end_x = np.clip(np.rint(x + seen[:, 0] / 2), 0, width - 1).astype(np.intp)
    end_y = np.clip(np.rint(y + seen[:, 1] / 2), 0, height - 1).astype(np.intp)
    trust = 1 / (1 + np.square(seen + reverse[end_y, end_x]).sum(axis=1))
    across, down = _places(width, width), _places(height, width)
    basis = np.stack([np.ones(len(x)), across[x], down[y]], axis=1)
    model = np.zeros((3, 2))
    model[0] = np.median(seen, axis=0)
    for _ in range(_ROUNDS):
        astray = np.square(seen - basis @ model).sum(axis=1)
        weighted = basis * (trust / (1 + astray / _OUTLIER) ** 1.5)[:, None]
        model = np.linalg.solve(weighted.T @ basis + 1e-6 * np.eye(3), weighted.T @ seen)
    # An affine motion is a sum of what depends on the column and what depends on the row.
    by_column = (model[0] + across[:, None] * model[1]).astype(np.float32)  # wx2
    by_row = (down[:, None] * model[2]).astype(np.float32)  # hx2
    return np.asarray(cv2.merge([np.add.outer(by_row[:, axis], by_column[:, axis]) for axis in (0, 1)]))


def _places(count: int, width: int) -> npt.NDArray[np.float64]:
    """Places of `count` grid points from their middle, in widths."""
    return (np.arange(count) - 0.5 * (count - 1)) / max(width - 1, 1)
