"""What tells a hair in the gate from a line of the scene: evidence for lines that stay at their place.

A hair is there whatever passes beneath it, it stays where the scene's motion would have taken it away, it is
opaque, and so of one tone along its course while the scene beside it is not, and mostly it comes in from an
edge of the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Flow
from reelfix.restoration.scene_motion import SceneStep, sampled

Values = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
Paths = Mapping[int, tuple[Flow, ...]]
"""By frame, where the scene has gone by then, by each account of it: coarse flows (rows, columns, 2)."""

EVIDENCE = (
    "length", "thin", "straight", "deepest", "edge", "bright", "depth", "contrast", "even", "clutter",
    "stays", "least", "both", "changed", "known", "under", "under_least", "gone", "gone_known", "camera",
    "camera_known", "tone", "tone_even", "side_even", "slope", "slope_sure",
    "border", "soft", "company",
)  # fmt: skip
"""The evidence for a line, in the order that the judge takes it."""

_CHANGE = 10.0  # 255ths by which the scene beside a line must have changed, to tell fully
_FAR = (4, 6, 7, 8)  # frames away, where the scene is followed to
_EVERY = 3  # points of a line, of which one is followed
_LITTLE = 8.0  # pixels that the scene may go, and be known to the point
_AWAY = 4.0  # pixels that the scene must have gone, to tell
_MOVING, _MOST = 2.5, 0.7  # pixels that the picture must have moved, in so much of it


@dataclass(frozen=True)
class Ridges:
    """A frame's detail of one polarity narrower than a hair may be, on the grid."""

    here: npt.NDArray[np.uint8]
    """(h, w): depth of lines and spots, times 510."""
    around: npt.NDArray[np.uint8]
    """(h, w): the most within the sway."""
    beside: npt.NDArray[np.uint8]
    """(h, w): tone of the scene to the sides of such lines, times 255."""
    tone: npt.NDArray[np.uint8]
    """(h, w): the picture, times 255."""


@dataclass(frozen=True)
class Lines:
    """The points of a frame's lines that stay."""

    y: Places
    """(n,): rows of the grid."""
    x: Places
    """(n,): columns."""
    number: Places
    """(n,): which of the lines, from 0."""
    depth: npt.NDArray[np.uint8]
    """(n,): their mean detail over the frames."""
    count: int
    bright: bool


@dataclass(frozen=True)
class _Grid:
    shape: tuple[int, int]
    scale: int

    def pixels(self, points: Places) -> Plane:
        """Where points of the grid lie in the picture."""
        return np.asarray(points * self.scale + (self.scale - 1) / 2)


def evidence_of(
    lines: Lines,
    details: Sequence[Ridges],
    paths: Paths,
    frame: int,
    others: Sequence[int],
    shape: tuple[int, int],
    scale: int = 2,
) -> Values:
    """Evidence (EVIDENCE, lines) for lines of `frame`; `shape` (H, W) of the picture, `scale` of the grid.

    `details` of all frames in the window, `others` those to compare with, `paths`: see `scene_paths`.
    """
    found = _shape(lines, details[frame])
    few = _thinned(lines)
    found |= _persistence(few, details, frame, others)
    found |= _opacity(lines, details[frame])
    found |= _left_behind(few, details, paths, _Grid(shape, scale))
    return np.stack([np.asarray(found[name], np.float32) for name in EVIDENCE])


def _thinned(lines: Lines) -> Lines:
    """Every third point of each line, from its first on."""
    by_line = np.argsort(lines.number, kind="stable")
    first = np.searchsorted(lines.number[by_line], np.arange(lines.count))
    rank = np.arange(len(by_line)) - first[lines.number[by_line]]
    kept = by_line[rank % _EVERY == 0]
    return Lines(
        lines.y[kept], lines.x[kept], lines.number[kept], lines.depth[kept], lines.count, lines.bright
    )


def _per_line(lines: Lines, values: Plane, weight: Plane | None = None) -> Plane:
    """Mean (lines,) of values (n,), weighted."""
    if weight is None:
        total = np.bincount(lines.number, minlength=lines.count)
        return np.bincount(lines.number, values, lines.count) / np.maximum(total, 1)
    total = np.bincount(lines.number, weight, lines.count)
    return np.bincount(lines.number, values * weight, lines.count) / np.maximum(total, 1e-6)


def _deviation(lines: Lines, values: Plane) -> Plane:
    mean = _per_line(lines, values)
    return np.sqrt(_per_line(lines, np.square(values - mean[lines.number])))


def _shape(lines: Lines, detail: Ridges) -> dict[str, Plane]:
    rows, columns = detail.here.shape
    y, x = lines.y.astype(np.float64), lines.x.astype(np.float64)
    area = np.bincount(lines.number, minlength=lines.count).astype(np.float64)
    mean_y, mean_x = _per_line(lines, y), _per_line(lines, x)
    dy, dx = y - mean_y[lines.number], x - mean_x[lines.number]
    yy, xx, xy = (_per_line(lines, product) + 1e-2 for product in (dy * dy, dx * dx, dx * dy))
    spread = np.sqrt(np.square((yy - xx) / 2) + xy * xy)
    major, minor = (yy + xx) / 2 + spread, np.maximum((yy + xx) / 2 - spread, 0.05)
    length = np.sqrt(12 * major)
    rim = np.minimum(np.minimum(y, rows - 1 - y), np.minimum(x, columns - 1 - x))
    nearest = np.full(lines.count, 1e3)
    np.minimum.at(nearest, lines.number, rim)
    own = lines.depth.astype(np.float64)
    mark = np.zeros(detail.here.shape, np.uint8)
    mark[lines.y, lines.x] = 1
    inner = cv2.distanceTransform(mark, cv2.DIST_L2, 3)[lines.y, lines.x]
    deepest = np.zeros(lines.count)
    np.maximum.at(deepest, lines.number, inner)
    wide = cv2.blur(detail.here, (31, 31)).astype(np.float32)[lines.y, lines.x]
    depth = _per_line(lines, own)
    return {
        "length": np.log(length / rows),
        "thin": np.log(area / length),
        "straight": np.log(minor / major) / 2,
        "deepest": deepest,
        "edge": np.clip(nearest / 20, 0, 2),
        "bright": np.full(lines.count, float(lines.bright)),
        "depth": np.log(depth),
        "contrast": np.log(depth / (_per_line(lines, wide) + 1)),
        "even": _deviation(lines, own) / depth,
        "clutter": np.log(_per_line(lines, wide) + 1),
    }


def _persistence(
    lines: Lines, details: Sequence[Ridges], frame: int, others: Sequence[int]
) -> dict[str, Plane]:
    """Whether a line is there in other frames, and where the scene beside it is another."""
    here = details[frame]
    own = lines.depth.astype(np.float32)
    beside = here.beside[lines.y, lines.x].astype(np.float32)
    shown, changes = [], []
    for t in others:
        there = details[t]
        shown.append(np.minimum(there.around[lines.y, lines.x] / own, 1))
        change = there.beside[lines.y, lines.x].astype(np.float32) - beside
        light = there.beside[::8, ::8].astype(np.float32) - here.beside[::8, ::8]
        changes.append(np.abs(change - np.median(light)))
    presence = np.stack([_per_line(lines, values, own) for values in shown])  # T x lines
    sides = [[k for k, t in enumerate(others) if (t < frame) == is_before] for is_before in (True, False)]
    means = [presence[side].mean(axis=0) for side in sides if side]
    weight = np.minimum(np.stack(changes) / np.float32(_CHANGE), 1)  # T x n
    weight *= weight
    under = weight * np.stack(shown)
    known, held = (_per_line(lines, values.sum(axis=0)) for values in (weight, under))
    by_frame = np.stack([_per_line(lines, values) for values in weight])
    most = np.argmax(by_frame, axis=0)
    return {
        "stays": np.max(means, axis=0),
        "least": np.quantile(presence, 0.2, axis=0),
        "both": np.min(means, axis=0),
        "changed": np.log(_per_line(lines, np.stack(changes).mean(axis=0)) + 0.5),
        "known": np.log(known + 0.1),
        "under": (held + 0.25) / (known + 0.5),
        "under_least": presence[most, np.arange(lines.count)],
    }


def _opacity(lines: Lines, detail: Ridges) -> dict[str, Plane]:
    """Whether a line has a tone of its own, that the scene's beside it does not alter."""
    core = detail.tone[lines.y, lines.x].astype(np.float64)
    beside = detail.beside[lines.y, lines.x].astype(np.float64)
    dark, light = np.quantile(detail.tone[::4, ::4], (0.01, 0.99))
    own = lines.depth.astype(np.float64)
    from_side, from_core = (tone - _per_line(lines, tone)[lines.number] for tone in (beside, core))
    varies = _per_line(lines, from_side * from_side)
    depth = _per_line(lines, own)
    slopes = (cv2.Sobel(detail.beside, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    across = np.hypot(*(slope[lines.y, lines.x] for slope in slopes))
    mean = cv2.blur(detail.here, (3, 3))[lines.y, lines.x]
    core_weight = own**4
    slope = (_per_line(lines, from_side * from_core) + 20) / (varies + 40)
    deepest = _per_line(lines, core, own * own)
    tone = (light - deepest) if lines.bright else (deepest - dark)
    return {
        "tone": tone / max(light - dark, 16),
        "tone_even": np.log(_deviation(lines, core) + 1),
        "side_even": np.log(np.sqrt(varies) + 1),
        "slope": np.clip(slope, -1, 2),
        "slope_sure": np.log(varies + 10),
        "border": np.log(_per_line(lines, across) / depth + 0.05),
        "soft": np.clip(_per_line(lines, mean / np.maximum(own, 1), core_weight), 0, 2),
        "company": np.full(lines.count, np.log(len(own) / detail.here.size + 1e-3)),
    }


def _left_behind(
    lines: Lines,
    details: Sequence[Ridges],
    paths: Paths,
    grid: _Grid,
) -> dict[str, Plane]:
    """How much less of a line there is where the scene has gone: by all flows, and by the camera's alone."""
    own = lines.depth.astype(np.float32)
    place = grid.pixels(lines.y), grid.pixels(lines.x)
    n = len(own)
    sums = {name: (np.zeros(n, np.float32), np.zeros(n, np.float32)) for name in ("gone", "camera")}
    for t, accounts in paths.items():
        certain, best = _followed(details[t], accounts, lines, own, place, grid)
        for name, (total, weight) in sums.items():
            if name == "camera" and not _moves(accounts):
                continue
            total += certain * (1 - best)
            weight += certain
    found = {}
    for name, (total, weight) in sums.items():
        share = _per_line(lines, total), _per_line(lines, weight)
        found[name] = (share[0] + 0.1) / (share[1] + 0.5)
        found[f"{name}_known"] = np.log(share[1] + 0.1)
    return found


def _followed(
    there: Ridges,
    paths: tuple[Flow, ...],
    lines: Lines,
    own: Plane,
    place: tuple[Plane, Plane],
    grid: _Grid,
) -> tuple[Plane, Plane]:
    """How surely (n,) the scene has gone, and the share (n,) of the detail found where it went."""
    rows, columns = there.here.shape
    best, away = np.zeros(len(own), np.float32), np.full(len(own), np.inf, np.float32)
    for path in paths:
        gone = sampled(path, *place, grid.shape)
        to_x = np.rint(lines.x + gone[:, 0] / grid.scale).astype(np.intp)
        to_y = np.rint(lines.y + gone[:, 1] / grid.scale).astype(np.intp)
        inside = (to_x >= 0) & (to_x < columns) & (to_y >= 0) & (to_y < rows)
        at = np.clip(to_y, 0, rows - 1), np.clip(to_x, 0, columns - 1)
        distance = np.hypot(gone[:, 0], gone[:, 1])
        # A little way is known well, and the hair itself is near its end.
        shown = np.where(distance < _LITTLE, there.here[at] * np.float32(1.25), there.around[at])
        best = np.maximum(best, np.minimum(shown / own, 1))
        # What would have left the picture tells nothing.
        away = np.minimum(away, np.where(inside, distance, 0))
    return np.minimum(away / np.float32(_AWAY), 1), best


def _moves(paths: tuple[Flow, ...]) -> bool:
    """Whether most of the picture has moved: the camera, or the film in its gate, and not some people."""
    return bool(np.mean(np.hypot(paths[-1][..., 0], paths[-1][..., 1]) > _MOVING) > _MOST)


def scene_paths(steps: Mapping[tuple[int, int], SceneStep], frame: int, others: Sequence[int]) -> Paths:
    """The scene's way from `frame` to some of the `others`, by each account of it: coarse flows.

    `steps` of the scene from each frame to the next (t, 1) and to the one before (t, -1).
    """
    far = [t for t in others if abs(t - frame) in _FAR]
    found: dict[int, tuple[Flow, ...]] = {}
    for way in (-1, 1):
        paths: tuple[Flow, ...] = ()
        for distance in range(1, max((way * (t - frame) for t in far), default=0) + 1):
            t = frame + way * distance
            step = steps[t - way, way]
            flows = (step.beside, step.overall, step.within)
            paths = tuple(_onward(*pair) for pair in zip(paths, flows, strict=True)) if paths else flows
            if t in far:
                found[t] = paths
    return found


def _onward(path: Flow, flow: Flow) -> Flow:
    """A coarse path, and a step from where it leads."""
    rows, columns = path.shape[:2]
    y, x = np.arange(rows, dtype=np.float32)[:, None], np.arange(columns, dtype=np.float32)
    map_x, map_y = x + path[..., 0] * np.float32(1 / 16), y + path[..., 1] * np.float32(1 / 16)
    return np.asarray(path + cv2.remap(flow, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
