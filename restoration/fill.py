"""The filling of a damaged place: from the neighbouring frames that show it, else from its own frame."""

from collections.abc import Callable

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane
from reelfix.restoration.motion import Flow
from reelfix.restoration.neighbours import Neighbour, brought
from reelfix.restoration.optical_flow import spread_coarsely
from reelfix.restoration.recovery import from_around, under_scratch

_FAR = 0.5  # weight of a frame one step farther away
_HARDLY = 0.05  # trust below which a picture settles nothing
_DIM = np.float32(0.3)  # trust in a place whose motion has no confidence
_DOUBT = 0.03  # error beyond which a place is looked for in its own frame too
_CELL = 3  # pixels taken together where brightness is matched
_ERROR_FLOOR = 1e-4


def filling(images: Image, damaged: Plane, neighbours: list[Neighbour], frame: int) -> Image:
    """Return what should be seen at the damaged places of one frame: (C, H, W); elsewhere of no meaning.

    `images` (T, C, H, W); `damaged` bool (T, 2, H, W), planes dirt and scratch; `neighbours` of the frame.
    """
    here = images[frame]
    hurt = damaged[frame].any(axis=0)
    scratch = damaged[frame, 1] & ~damaged[frame, 0]  # where nothing else lies on it
    mix = _Mix(hurt, len(here))
    for neighbour in neighbours:
        there = frame + neighbour.step
        flow, confidence = _flow_under(neighbour, hurt)
        hidden = damaged[there].any(axis=0).astype(np.float32)
        shown = (brought(hidden, flow) < 0.02) & _inside(flow, hurt.shape)
        picture = np.stack([brought(plane, flow, cv2.INTER_CUBIC) for plane in images[there]])
        picture, error = _matched(here, picture, shown & ~hurt)
        trust = (_DIM + (1 - _DIM) * confidence) * np.float32(_FAR ** (abs(neighbour.step) - 1))
        mix.add(picture, error, trust * shown)
    doubtful = mix.places_worse_than(_DOUBT)
    if (doubtful & scratch).any():
        mix.add(*_each(here, lambda plane: under_scratch(plane, scratch, hurt)), doubtful & scratch)
    doubtful &= ~scratch
    if doubtful.any():
        mix.add(*_each(here, lambda plane: from_around(plane, hurt)), doubtful * np.float32(0.5))
    return mix.result(here)


class _Mix:
    """Pictures of the damaged places, weighted by their errors: the best one counts far above the rest."""

    def __init__(self, hurt: Plane, channels: int) -> None:
        self._hurt = hurt
        count = int(np.count_nonzero(hurt))
        self._sum = np.zeros((channels, count), np.float32)
        self._weight = np.zeros(count, np.float32)
        self._error = np.full(count, np.inf, np.float32)

    def add(self, picture: Image, error: Plane, trust: Plane) -> None:
        """Add a picture (C, H, W) with its likely error (H, W), where `trust` (H, W) is not 0."""
        values, error, trust = picture[:, self._hurt], error[self._hurt], trust[self._hurt]
        weight = trust * np.float32(_ERROR_FLOOR) / (np.square(error) + np.float32(_ERROR_FLOOR))
        weight = np.square(np.square(weight)) + np.float32(1e-30) * (trust > 0)
        self._sum += values * weight
        self._weight += weight
        self._error = np.minimum(self._error, np.where(trust > _HARDLY, error, np.inf))

    def places_worse_than(self, error: float) -> Plane:
        """Damaged places (H, W) whose best picture has more than this error, or that have none."""
        places = np.zeros(self._hurt.shape, np.bool_)
        places[self._hurt] = self._error > error
        return places

    def result(self, like: Image) -> Image:
        """The mixture in the damaged places (C, H, W), `like` elsewhere."""
        result = like.copy()
        result[:, self._hurt] = self._sum / np.maximum(self._weight, np.float32(1e-35))
        return result


def _each(here: Image, operation: Callable[[Plane], tuple[Plane, Plane]]) -> tuple[Image, Plane]:
    """Do an operation on every channel: pictures (C, H, W), and the mean of their errors (H, W)."""
    pairs = [operation(plane) for plane in here]
    return np.stack([picture for picture, _ in pairs]), np.mean([error for _, error in pairs], axis=0)


def _flow_under(neighbour: Neighbour, hurt: Plane) -> tuple[Flow, Plane]:
    """Flow (h, w, 2) and confidence (H, W), at damaged places those of the sound ones around."""
    flow, confidence = neighbour.flow, neighbour.confidence
    height, width = hurt.shape
    grid = cv2.resize(hurt.astype(np.uint8), flow.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    grid = cv2.dilate(grid, np.ones((9, 9), np.uint8))
    sound = (confidence + np.float32(0.01)) * (grid == 0)
    around = spread_coarsely(np.dstack([flow, confidence]), sound, 2)
    mixed = np.where(grid[..., None] > 0, around, np.dstack([flow, confidence]))
    trust = cv2.resize(mixed[..., 2], (2 * flow.shape[1], 2 * flow.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(mixed[..., :2]), np.asarray(trust[:height, :width])


def _inside(flow: Flow, shape: tuple[int, int]) -> Plane:
    """Where the flow stays within the picture: bool (H, W)."""
    height, width = shape
    rows, columns = flow.shape[:2]
    x = 2 * np.arange(columns) + 0.5 + flow[..., 0]
    y = 2 * np.arange(rows)[:, None] + 0.5 + flow[..., 1]
    inside = (x > -1) & (y > -1) & (x < width) & (y < height)
    full = np.repeat(np.repeat(inside, 2, axis=0), 2, axis=1)
    return np.asarray(full[:height, :width])


def _matched(here: Image, there: Image, sound: Plane) -> tuple[Image, Plane]:
    """Bring `there` to the brightness around the damaged places; returns it and its misfit around them."""
    weight = sound.astype(np.float32)
    lighter = spread_coarsely(np.moveaxis(here - there, 0, 2), weight, _CELL)
    matched = there + np.moveaxis(lighter, 2, 0)
    misfit = np.abs(here - matched).mean(axis=0)
    return matched, spread_coarsely(misfit[..., None], weight, _CELL)[..., 0]
