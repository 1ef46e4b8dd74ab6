"""Shapes of marks drawn by rule, for where no real ones are at hand."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.noise import noise_plane


def draw_blotch(radius: float, random: np.random.Generator) -> Plane:
    """A soft-edged, irregular patch: the level set of a cone, bent by smooth noise of two scales."""
    size = 2 * int(np.ceil(2.2 * radius + 2)) + 1
    axis = np.arange(size, dtype=np.float32) - size // 2
    angle, stretch = random.uniform(0, np.pi), np.sqrt(random.uniform(1.0, 2.2))
    offset_y, offset_x = random.uniform(-0.5, 0.5, 2)
    y, x = axis[:, None] - offset_y, axis[None] - offset_x
    along = (x * np.cos(angle) + y * np.sin(angle)) / stretch
    across = (y * np.cos(angle) - x * np.sin(angle)) * stretch
    cone = 1 - np.hypot(along, across) / radius
    coarse = noise_plane(size, max(0.55 * radius, 0.8), random)
    fine = noise_plane(size, max(0.18 * radius, 0.6), random)
    level = cone + 0.38 * coarse + 0.12 * fine
    softness = random.uniform(0.7, 1.6) / radius
    inside = np.clip(level / softness + 0.5, 0.0, 1.0)
    # A smooth step; the noise must not make islands at the patch's very edge.
    fade = np.clip(2.2 - np.hypot(along, across) / radius, 0.0, 1.0)
    return np.asarray(inside * inside * (3 - 2 * inside) * fade, dtype=np.float32)


def draw_hair(length: float, width: float, random: np.random.Generator) -> Plane:
    """A thin line whose curvature drifts: its direction is an integrated, mean-reverting random walk."""
    steps = max(8, int(length))
    bend = random.normal(0.0, 2.2 / steps) + np.cumsum(random.normal(0.0, 0.9 / steps, steps))
    heading = random.uniform(0, 2 * np.pi) + np.cumsum(bend)
    points = np.stack([np.cumsum(np.cos(heading)), np.cumsum(np.sin(heading))], axis=1) * (length / steps)
    margin, scale = width + 2, 4
    points += margin - points.min(axis=0)
    columns, rows = (np.ceil(points.max(axis=0) + margin)).astype(int)
    canvas = np.zeros((rows * scale, columns * scale), np.uint8)
    path = np.rint(points * scale * 16).astype(np.int32)[:, None]
    cv2.polylines(canvas, [path], False, 255, max(1, round(width * scale)), cv2.LINE_AA, 4)
    drawn = cv2.resize(canvas, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
    softened = cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), 0.45)
    return np.asarray(np.clip(softened, 0.0, 1.0), dtype=np.float32)
