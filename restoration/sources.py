"""Sources: what neighbouring frames show of a region, brought to its place and into its light."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.alignment import shifts_left
from reelfix.restoration.arrays import Image, Plane, as_array
from reelfix.restoration.motion import Flow, Motion, grid_maps
from reelfix.restoration.regions import Region
from reelfix.restoration.regrain import Grain, clump_of
from reelfix.restoration.spreading import mean_of_channels, spread_all

_HIDDEN = 5  # 1/255 of a damaged pixel's weight that spoils what is brought
_GROWN = np.ones((5, 5), np.uint8)  # grid points about the damage whose motion is not believed
_GAPS = np.ones((7, 7), np.uint8)  # pixels between damaged places that are not believed
_ODD = np.float32(0.05)  # difference, of one place or of its light, that is no grain and no change of light
_BEST = 0.2  # share of the surroundings that is sure to fit well
_SMALL = 200  # damaged pixels up to which the flow around is as good as can be
_EVEN = 9  # pixels over which a difference of light is even


@dataclass(frozen=True)
class Sources:
    """What n neighbouring frames show of a region of h x w pixels."""

    pictures: Image
    """float32 (n, C, h, w), in the light of the region's own frame."""
    trust: Plane
    """float32 (n, h, w) in [0, 1]: confidence of the motion; 0 where the frame does not show the place."""
    misfit: Plane
    """float32 (n, h, w): how far what is around differs from the frame's own picture, carried inwards."""
    grain: Grain
    """What both have of it, where they fit best."""
    steps: tuple[int, ...]
    """Which frames, counted from the region's own."""

    def joined(self, others: "Sources") -> "Sources":
        """Return these sources and others, this grain for all."""
        return Sources(
            np.concatenate([self.pictures, others.pictures]),
            np.concatenate([self.trust, others.trust]),
            np.concatenate([self.misfit, others.misfit]),
            self.grain,
            self.steps + others.steps,
        )


@dataclass(frozen=True)
class Clip:
    """The frames that a region and its sources are in."""

    images: Image
    """float32 (T, C, H, W)."""
    damaged: Plane
    """bool (T, 2, H, W), planes dirt and scratch."""
    hidden: Plane
    """uint8 (T, H, W), 255 where either is damaged, else 0."""
    small: list[Plane]
    """Luma of each frame at half its size, (h, w)."""
    small_hidden: list[Plane]
    """uint8 (h, w): `hidden`, as large, above 0 where any of a point's pixels is damaged."""
    motion: Motion


def sources_of(clip: Clip, frame: int, steps: Sequence[int], region: Region) -> Sources:
    """Look a region of `frame` up in the frames `steps` away."""
    here = clip.images[frame][:, region.rows, region.columns]
    hurt = clip.hidden[frame][region.rows, region.columns] > 0
    flows, trusts = _flows_under(
        _flows(clip.motion, frame, steps, region), clip.small_hidden[frame][region.grid]
    )
    if np.count_nonzero(region.mine) > _SMALL:
        flows = _aligned(clip, frame, steps, region, flows)
    maps = [_maps(flow, region, hurt.shape) for flow in flows]
    there = [(frame + step, *at) for step, at in zip(steps, maps, strict=True)]
    shown = np.stack([_shown(clip.hidden[t], x, y) for t, x, y in there])  # nxhxw
    pictures = np.stack([_at(clip.images[t], x, y) for t, x, y in there])  # nxCxhxw
    sound = (shown & ~touched(hurt)).transpose(1, 2, 0).astype(np.float32)
    pictures, misfit, grain = _in_light_of(here, pictures, sound)
    height, width = hurt.shape
    trust = [
        cv2.resize(trust, (2 * trust.shape[1], 2 * trust.shape[0]), interpolation=cv2.INTER_LINEAR)
        for trust in trusts
    ]
    return Sources(pictures, np.stack(trust)[:, :height, :width] * shown, misfit, grain, tuple(steps))


def touched(hurt: Plane) -> Plane:
    """Damaged places, bool, and what lies between them: a mask has gaps where it looks sound and is not."""
    return np.asarray(cv2.morphologyEx(hurt.astype(np.uint8), cv2.MORPH_CLOSE, _GAPS) > 0)


def _aligned(clip: Clip, frame: int, steps: Sequence[int], region: Region, flows: list[Flow]) -> list[Flow]:
    """Flows (h, w, 2) on the region's part of the grid, corrected by what is around the damage."""
    rows, columns = region.grid
    here = clip.small[frame][rows, columns]
    views, sound = [], []
    for step, flow in zip(steps, flows, strict=True):
        map_x, map_y = grid_maps(flow)
        map_x, map_y = map_x + np.float32(columns.start), map_y + np.float32(rows.start)
        views.append(
            cv2.remap(
                clip.small[frame + step], map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
        )
        sound.append(_shown(clip.small_hidden[frame + step], map_x, map_y))
    believed = np.stack(sound, axis=-1) & ~touched(clip.small_hidden[frame][rows, columns] > 0)[..., None]
    left = shifts_left(here, np.stack(views, axis=-1), believed.astype(np.float32))
    return [flow + 2 * shift for flow, shift in zip(flows, left, strict=True)]


def _flows(motion: Motion, frame: int, steps: Sequence[int], region: Region) -> list[tuple[Flow, Plane]]:
    """Flow (h, w, 2) and confidence (h, w) to each step, on the region's part of the grid alone."""
    found: dict[int, tuple[Flow, Plane]] = {}
    rows, columns = region.grid
    for way in (-1, 1):
        path: tuple[Flow, Plane] | None = None
        for distance in range(1, max((way * step for step in steps), default=0) + 1):
            t = frame + way * (distance - 1)
            ahead = as_array((motion.forward if way > 0 else motion.backward)[t])
            trust = as_array((motion.forward_confidence if way > 0 else motion.backward_confidence)[t])[0]
            if path is None:
                path = (ahead[:, rows, columns].transpose(1, 2, 0), trust[rows, columns])
            else:
                flow, so_far = path
                map_x, map_y = grid_maps(flow)
                map_x, map_y = map_x + np.float32(columns.start), map_y + np.float32(rows.start)
                onward = [
                    cv2.remap(plane, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                    for plane in ahead
                ]
                further = cv2.remap(trust, map_x, map_y, cv2.INTER_LINEAR)
                path = (flow + np.dstack(onward), so_far * further)
            found[way * distance] = path
    return [found[step] for step in steps]


def _flows_under(paths: list[tuple[Flow, Plane]], hurt: Plane) -> tuple[list[Flow], list[Plane]]:
    """Flows (h, w, 2) and confidences (h, w), under the damage `hurt` (h, w) those of what is around it."""
    flows, trusts = (np.stack(parts, axis=2) for parts in zip(*paths, strict=True))  # hxwxnx2, hxwxn
    near = cv2.dilate(hurt, _GROWN) > 0
    values = np.concatenate([flows, trusts[..., None]], axis=3)
    around = spread_all(values, (trusts + np.float32(0.01)) * ~near[..., None])
    values = np.where(near[..., None, None], around, values)
    count = range(len(paths))
    return [np.ascontiguousarray(values[:, :, n, :2]) for n in count], [values[:, :, n, 2] for n in count]


def _maps(flow: Flow, region: Region, shape: tuple[int, ...]) -> tuple[Plane, Plane]:
    """Where in the other frame each pixel of the region is: x and y (h, w)."""
    height, width = shape
    full = cv2.resize(flow, (2 * flow.shape[1], 2 * flow.shape[0]), interpolation=cv2.INTER_LINEAR)
    columns = np.arange(region.columns.start, region.columns.stop, dtype=np.float32)
    rows = np.arange(region.rows.start, region.rows.stop, dtype=np.float32)
    return full[:height, :width, 0] + columns, full[:height, :width, 1] + rows[:, None]


def _shown(hidden: Plane, map_x: Plane, map_y: Plane) -> Plane:
    """Where the other frame shows the place undamaged: bool (h, w)."""
    height, width = hidden.shape
    spoilt = cv2.remap(hidden, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (map_x > -1) & (map_y > -1) & (map_x < width) & (map_y < height)
    return np.asarray((spoilt < _HIDDEN) & inside)


def _at(image: Image, map_x: Plane, map_y: Plane) -> Image:
    """A frame (C, H, W) looked up at places (h, w), cubic: (C, h, w)."""
    return np.stack(
        [cv2.remap(plane, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE) for plane in image]
    )


def _in_light_of(here: Image, pictures: Image, sound: Plane) -> tuple[Image, Plane, Grain]:
    """Bring pictures (n, C, h, w) to the light around damage; returns them, their misfit (n, h, w), grain.

    What differs at the rim is carried inwards as by a membrane: there is no seam in luminance. Where both are
    sound, a mean about the place is what differs: so the grain of either stays out of the other.
    """
    count, _, height, width = pictures.shape
    apart = cv2.merge(list((here - pictures).reshape(-1, height, width))).reshape(*sound.shape, -1)  # hxwxnxC
    sums = np.asarray(cv2.blur((apart * sound[..., None]).reshape(height, width, -1), (_EVEN, _EVEN)))
    share = np.asarray(cv2.blur(sound, (_EVEN, _EVEN))).reshape(height, width, count, 1)
    even = sums.reshape(apart.shape) / np.maximum(share, np.float32(1e-3))
    rest = (apart - even) * sound[..., None]
    misfit = mean_of_channels(np.abs(rest))  # hxwxn
    usual = np.stack([_median(even[::3, ::3, n][sound[::3, ::3, n] > 0]) for n in range(count)])
    doubt = np.square(misfit / _ODD) + np.square(mean_of_channels(np.abs(even - usual)) / _ODD)
    around = spread_all(apart, sound / (1 + doubt), factor=2)
    lighter = np.where(sound[..., None] > 0, even, around)
    misfit = spread_all(misfit[..., None], sound, factor=4)[..., 0]
    floor = _least(misfit[sound > 0])
    misfit = np.sqrt(np.maximum(np.square(misfit) - floor**2, 0))
    matched = pictures + lighter.transpose(2, 3, 0, 1)
    # Two pictures' grain differs by this on average: the mean size of a normal variable, twice its square.
    grain = Grain(float(floor) * float(np.sqrt(np.pi / 4)), clump_of(rest))
    return matched, np.ascontiguousarray(misfit.transpose(2, 0, 1)), grain


def _median(values: Plane) -> Plane:
    """Median of at most some thousand of N values, (N, C) to (C,); 0 of none."""
    some = values[:: max(len(values) // 1000, 1)]
    rank = len(some) // 2
    return np.asarray(np.partition(some, rank, axis=0)[rank] if len(some) else values.sum(axis=0))


def _least(misfit: Plane) -> np.float32:
    """Misfit of the places that fit best: what grain accounts for; 0 of none."""
    some = misfit[:: max(misfit.size // 1000, 1)]
    rank = int(_BEST * some.size)
    return np.float32(np.partition(some, rank)[rank] if some.size else 0)
