"""What the page carries of a shot: small pictures of every one, large ones where there is room, curves."""

import base64
from collections.abc import Sequence
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from reelfix.pipeline.sheet_drawing import SheetFrame
from reelfix.pipeline.sheet_foot import slice_image
from reelfix.pipeline.sheet_measure import Curve, ShotMeasure, unsteadiness
from reelfix.pipeline.sheet_record import Pictures

_SMALL, _LARGE = 176, 576
"""Pixels across a frame."""
_SMALL_QUALITY, _LARGE_QUALITY = 55, 80
_SLICE_HEIGHT, _SLICE_WIDTH = 40, 200
_POINTS = 96
"""Points of a curve at most: of more frames, the furthest out of each few."""


def small_pictures(frames: Sequence[SheetFrame], measure: ShotMeasure) -> Pictures:
    """Return what every shot gets: the first of its frames before and after, time slices, curves."""
    shown = _foremost(frames)
    small: Pictures = {
        "before": _webp(_fitted(shown.tiles["before"], _SMALL), _SMALL_QUALITY),
        "curves": {name: _points(curve) for name, curve in _curves(measure).items() if len(curve)},
        "frame": shown.frame,
        "label": shown.label,
        "size": shown.tiles["before"].shape[1::-1],
    }
    if "after" in shown.tiles:
        small["after"] = _webp(_fitted(shown.tiles["after"], _SMALL), _SMALL_QUALITY)
    for name, picture in (("slice_before", measure.slice_before), ("slice_after", measure.slice_after)):
        if picture.size:
            small[name] = _slice(picture, (_SLICE_WIDTH, _SLICE_HEIGHT), _SMALL_QUALITY)
    return small


def large_pictures(frames: Sequence[SheetFrame], measure: ShotMeasure) -> list[Pictures]:
    """Return each frame, the most telling first: `before`, `after`, the rings of its `mask`; slices."""
    foremost = _foremost(frames)
    large = []
    for shown in sorted(frames, key=lambda frame: frame is not foremost):
        pictures: Pictures = {"frame": shown.frame, "label": shown.label}
        for name in ("before", "after"):
            if name in shown.tiles:
                pictures[name] = _webp(_fitted(shown.tiles[name], _LARGE), _LARGE_QUALITY)
        if shown.outline is not None and shown.outline.any():
            pictures["mask"] = _webp(shown.outline, None)
        large.append(pictures)
    for name, picture in (("slice_before", measure.slice_before), ("slice_after", measure.slice_after)):
        if picture.size:
            size = (4 * _SLICE_WIDTH, 3 * _SLICE_HEIGHT)
            large[0][name] = _slice(picture, size, _LARGE_QUALITY)
    return large


def _foremost(frames: Sequence[SheetFrame]) -> SheetFrame:
    return next((frame for frame in frames if "most changed" in frame.label), frames[len(frames) // 2])


def _curves(measure: ShotMeasure) -> dict[str, Curve]:
    """Return the curves by name, those of shares in per cent."""
    return {
        "light_before": 100 * measure.luma_before,
        "light_after": 100 * measure.luma_after,
        "flicker_before": 100 * unsteadiness(measure.luma_before),
        "flicker_after": 100 * unsteadiness(measure.luma_after),
        "dirt": measure.dirt_count,
        "changed": 100 * measure.changed,
        "repaired": 100 * measure.repaired,
        "marked": 100 * (measure.dirt + measure.scratch),
    }


def _points(curve: Curve) -> list[float]:
    """Thin a curve to `_POINTS` points, and write four figures of each."""
    if len(curve) > _POINTS:
        middle = float(np.median(curve))
        pieces = np.array_split(curve, _POINTS)
        curve = np.array([piece[np.abs(piece - middle).argmax()] for piece in pieces], np.float32)
    return [float(f"{value:.4g}") for value in curve]


def _fitted(tile: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.uint8]:
    height, across = tile.shape[:2]
    if across <= width:
        return tile
    size = (width, max(round(height * width / across), 1))
    return np.asarray(cv2.resize(tile, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _slice(picture: npt.NDArray[np.uint8], size: tuple[int, int], quality: int) -> str:
    return _webp(np.asarray(slice_image(picture, size)), quality)


def _webp(picture: npt.NDArray[np.uint8], quality: int | None) -> str:
    """Encode a picture, without loss where no quality is given; base64."""
    buffer = BytesIO()
    image = Image.fromarray(picture)
    if quality is None:
        image.save(buffer, "WEBP", lossless=True, method=2)
    else:
        image.save(buffer, "WEBP", quality=quality, method=2)
    return base64.b64encode(buffer.getvalue()).decode()
