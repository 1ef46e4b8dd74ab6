"""True shapes of damage: alpha stamps and hand-drawn outlines of real dust, dirt, hairs and scratches."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.scratch_texture import scratch_texture

Part = Literal["tune", "held-out", "all"]
"""Shapes to tune on, those to be judged on alone, or all."""

StampKind = Literal[
    "dirt", "dots", "hair", "hair-short", "lint", "scratches", "smut", "spots", "sprinkles", "stain"
]
OutlineKind = Literal["Dust", "Dirt", "Short hair", "Long hair", "Scratch"]

HELD_OUT_STAMPS = range(56, 80)
HELD_OUT_SCANS = frozenset({"scan4", "scan8", "scan9", "scan10"})
SCAN_HEIGHT = 3400
"""Pixels over the short side of the scans that the outlines were drawn on."""
SCAN_MM = 24.0
"""That side of the 35 mm still frame."""

_CLOUDS = ("dirt", "spots", "sprinkles")
_LINES = ("hair", "hair-short", "lint")


@dataclass(frozen=True)
class Stamp:
    """One alpha stamp, cut to its content."""

    alpha: npt.NDArray[np.uint8]
    """uint8 (h, w), 255 = opaque."""
    size: float
    """What is brought to a true size, in the stamp's pixels: a line's longer extent, the root of the median
    speck's area in a cloud of specks, else the root of the area."""


@dataclass(frozen=True)
class Outline:
    """One outline of real damage."""

    points: npt.NDArray[np.float32]
    """(N, 2), x and y in millimetres on the film, about the middle of its box."""

    @property
    def extent(self) -> float:
        """The longer side of its box, in millimetres."""
        return float(np.ptp(self.points, axis=0).max())

    @property
    def size(self) -> float:
        """The root of its area, in millimetres."""
        return float(np.sqrt(cv2.contourArea(self.points)))


@dataclass(frozen=True)
class Shapes:
    """A library of true shapes."""

    stamps: Mapping[StampKind, tuple[Stamp, ...]]
    outlines: Mapping[OutlineKind, tuple[Outline, ...]]
    scratch_textures: tuple[Plane, ...]
    """Alpha of strokes of real scratches, straightened: float32 (length, across), stroke in the middle."""


def load_shapes(folder: Path, part: Part = "tune") -> Shapes:
    """Load `<kind>/NNN.png` (alpha stamps) and `polygons/scanN.json` (outlines) from `folder`.

    `part` keeps HELD_OUT_STAMPS and HELD_OUT_SCANS ("held-out"), the others ("tune"), or all. Raises
    FileNotFoundError where `folder` lacks a kind, ValueError for another `part`.
    """
    if part not in get_args(Part):
        raise ValueError(f"{part = } must be one of {', '.join(get_args(Part))}.")
    stamps: dict[StampKind, tuple[Stamp, ...]] = {}
    for kind in get_args(StampKind):
        paths = [
            path
            for path in sorted((folder / kind).glob("*.png"))
            if _is_in(part, int(path.stem) in HELD_OUT_STAMPS)
        ]
        if not paths:
            raise FileNotFoundError(f"{folder / kind} has no stamp of part {part}. Name another folder.")
        stamps[kind] = tuple(_read_stamp(path, kind) for path in paths)
    outlines = _read_outlines(folder / "polygons", part)
    textures = [scratch_texture(stamp.alpha.astype(np.float32) / 255) for stamp in stamps["scratches"]]
    return Shapes(stamps, outlines, tuple(texture for texture in textures if len(texture)))


def _is_in(part: Part, held_out: bool) -> bool:
    return part == "all" or held_out == (part == "held-out")


def _read_stamp(path: Path, kind: StampKind) -> Stamp:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise FileNotFoundError(f"{path} is not a picture. Fetch it again.")
    alpha = np.asarray(picture if picture.ndim == 2 else picture[..., -1], dtype=np.uint8)
    left, top, width, height = cv2.boundingRect((alpha > 8).astype(np.uint8))
    alpha = np.ascontiguousarray(alpha[top : top + height, left : left + width])
    if kind in _LINES:
        return Stamp(alpha, float(max(width, height)))
    if kind in _CLOUDS:
        _, _, boxes, _ = cv2.connectedComponentsWithStats((alpha > 96).astype(np.uint8))
        areas = boxes[1:, cv2.CC_STAT_AREA]
        return Stamp(alpha, float(np.sqrt(np.median(areas[areas >= 4]))))
    return Stamp(alpha, float(np.sqrt(alpha.sum() / 255)))


def _read_outlines(folder: Path, part: Part) -> dict[OutlineKind, tuple[Outline, ...]]:
    found: dict[Any, list[Outline]] = {kind: [] for kind in get_args(OutlineKind)}
    paths = [path for path in sorted(folder.glob("*.json")) if _is_in(part, path.stem in HELD_OUT_SCANS)]
    if not paths:
        raise FileNotFoundError(f"{folder} has no outlines of part {part}. Name another folder.")
    for path in paths:
        for figure in json.loads(path.read_text()).values():
            points = np.array([(point["x"], point["y"]) for point in figure["points"]], np.float32)
            if len(points) < 3 or cv2.contourArea(points) == 0:
                continue
            points -= (points.min(axis=0) + points.max(axis=0)) / 2
            found[figure["label"]["name"]].append(Outline(points * np.float32(SCAN_MM / SCAN_HEIGHT)))
    return {kind: tuple(outlines) for kind, outlines in found.items()}
