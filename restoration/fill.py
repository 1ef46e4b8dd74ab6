"""The filling of a damaged place: from the neighbouring frames that show it, else from around it."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane
from reelfix.restoration.motion import Flow
from reelfix.restoration.neighbours import Neighbour, brought
from reelfix.restoration.optical_flow import spread

_FAR = 0.5  # weight of a frame one step farther away
_SHARPNESS = 4  # how firmly the better source is preferred: a mean of several would lose the grain
_ENOUGH = 0.02  # weight below which no frame is held to show the place


def filling(images: Image, damaged: Plane, neighbours: list[Neighbour], frame: int) -> Image:
    """Return what should be seen at the damaged places of one frame: (C, H, W); elsewhere of no meaning.

    `images` (T, C, H, W); `damaged` bool (T, H, W).
    """
    here, hurt = images[frame], damaged[frame]
    total = np.zeros(hurt.shape, np.float32)
    fill: Image = np.zeros_like(here)
    for neighbour in neighbours:
        there = frame + neighbour.step
        flow, confidence = _flow_under(neighbour, hurt)
        shown = brought(damaged[there].astype(np.float32), flow) < 0.02
        shown &= _inside(flow, hurt.shape)
        picture = np.stack([brought(plane, flow, cv2.INTER_CUBIC) for plane in images[there]])
        picture, error = _matched(here, picture, shown & ~hurt)
        weight = confidence / (np.square(error) + 1e-4) * _FAR ** (abs(neighbour.step) - 1)
        weight = np.power(weight * np.float32(1e-3), _SHARPNESS) * shown
        total += weight
        fill += picture * weight
    unseen = hurt & (total < 1e-12)
    fill /= np.maximum(total, 1e-12)
    if unseen.any():
        fill = np.asarray(np.where(unseen, _from_around(here, hurt), fill))
    return fill


def _flow_under(neighbour: Neighbour, hurt: Plane) -> tuple[Flow, Plane]:
    """Flow (h, w, 2) and confidence (H, W), at damaged places those of the sound ones around."""
    flow, confidence = neighbour.flow, neighbour.confidence
    height, width = hurt.shape
    grid = cv2.resize(hurt.astype(np.uint8), flow.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    grid = cv2.dilate(grid, np.ones((5, 5), np.uint8))
    sound = (confidence + np.float32(0.01)) * (grid == 0)
    around = spread(np.dstack([flow, confidence]), sound)
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
    height, width = sound.shape
    size = (-(-width // 2), -(-height // 2))
    weight = sound.astype(np.float32)
    change = np.dstack(
        [cv2.resize(plane * weight, size, interpolation=cv2.INTER_AREA) for plane in here - there]
    )
    small = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    lighter = spread(change / np.maximum(small, 1e-3)[..., None], small)
    matched = there + np.stack([_enlarged(lighter[..., c], sound.shape) for c in range(len(here))])
    misfit = np.abs(here - matched).mean(axis=0) * weight
    misfit = cv2.resize(misfit, size, interpolation=cv2.INTER_AREA)
    error = spread(misfit[..., None] / np.maximum(small, 1e-3)[..., None], small)[..., 0]
    return matched, _enlarged(error, sound.shape)


def _enlarged(plane: Plane, shape: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR))


def _from_around(here: Image, hurt: Plane) -> Image:
    """Telea's fast marching inpainting (2004) of every channel."""
    mask = hurt.astype(np.uint8)
    codes = [(plane * 65535 + 0.5).astype(np.uint16) for plane in np.clip(here, 0, 1)]
    filled = [cv2.inpaint(plane, mask, 3, cv2.INPAINT_TELEA) for plane in codes]
    return np.stack(filled).astype(np.float32) / np.float32(65535)
