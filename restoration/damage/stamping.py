"""True shapes made into patches of opacity: turned, mirrored, and scaled to the picture."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.shapes import Outline, Stamp

_FINE = 4
"""Outlines are filled so much finer, then averaged down: their edges are soft."""
_LINE_WIDTH = 2.5
"""Width of the lines of hair stamps, in their pixels."""


def outline_patch(outline: Outline, pixels_per_mm: float, random: np.random.Generator) -> Plane:
    """Fill an outline, turned and mirrored: opacity (h, w), float32 in [0, 1]."""
    angle, mirror = random.uniform(0, 2 * np.pi), 1.0 if random.uniform() < 0.5 else -1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    points = (outline.points * np.array([mirror, 1.0], np.float32)) @ turn.T * np.float32(pixels_per_mm)
    points += random.uniform(-0.5, 0.5, 2).astype(np.float32)
    half = np.ceil(np.abs(points).max(axis=0)).astype(int) + 3
    columns, rows = 2 * half + 1
    canvas = np.zeros((rows * _FINE, columns * _FINE), np.uint8)
    # Pixel (0, 0)'s middle is at (0.5, 0.5) of the fine canvas' units; 4 bits of fraction.
    path = np.rint(((points + half + 0.5) * _FINE - 0.5) * 16).astype(np.int32)[:, None]
    cv2.fillPoly(canvas, [path], 255, cv2.LINE_AA, 4)
    filled = cv2.resize(canvas, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
    return _softened(filled.astype(np.float32) / 255, random.uniform(0.4, 0.7))


def stamp_patch(
    stamp: Stamp,
    scale: float,
    random: np.random.Generator,
    *,
    line_width: float | None = None,
    softness: float = 0.45,
) -> Plane:
    """Turn, mirror and scale a stamp: opacity (h, w), float32 in [0, 1].

    `line_width`, in pixels of the picture, widens the lines of a hair. `softness`: deviation of the blur at
    the end, in pixels of the picture.
    """
    alpha = stamp.alpha.astype(np.float32) / 255
    if random.uniform() < 0.5:
        alpha = np.ascontiguousarray(alpha[:, ::-1])
    if line_width is not None:
        reach = round((line_width / scale - _LINE_WIDTH) / 2)
        if reach > 0:
            ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
            padded = cv2.copyMakeBorder(alpha, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
            alpha = np.asarray(cv2.dilate(padded, ball), dtype=np.float32)
    turned = turn_patch(alpha, random.uniform(0, 360))
    margin = int(np.ceil(3 * softness)) + 1
    size = (max(1, round(turned.shape[1] * scale)), max(1, round(turned.shape[0] * scale)))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(turned, size, interpolation=shrink)
    framed = cv2.copyMakeBorder(scaled, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    return _softened(np.asarray(framed), softness)


def turn_patch(patch: Plane, degrees: float) -> Plane:
    """Turn a patch about its middle; the patch grows so that nothing is cut off."""
    height, width = patch.shape
    cos, sin = abs(np.cos(np.deg2rad(degrees))), abs(np.sin(np.deg2rad(degrees)))
    columns, rows = int(np.ceil(width * cos + height * sin)) + 1, int(np.ceil(width * sin + height * cos)) + 1
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    matrix[:, 2] += ((columns - width) / 2, (rows - height) / 2)
    return np.asarray(cv2.warpAffine(patch, matrix, (columns, rows), flags=cv2.INTER_LINEAR))


def _softened(patch: Plane, sigma: float) -> Plane:
    return np.asarray(np.clip(cv2.GaussianBlur(patch, (0, 0), sigma), 0.0, 1.0), dtype=np.float32)
