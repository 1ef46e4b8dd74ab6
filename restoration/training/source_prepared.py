"""Batches from prepared clips: a frame, what is around it in time, and what it ought to be."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.grain import Grain, add_grain, blurred
from reelfix.restoration.motion import picture_maps
from reelfix.restoration.training.prepared import Arrays, Part, as_motion, open_arrays, read_items
from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.triplet.compact import CELL, MULTIPLE
from reelfix.restoration.triplet.context import NEIGHBOUR_STEPS

_TRUTHS = ("unmarked", "soft", "clean")
_SOFT = 0.5
"""Share of the crops without neighbours that are softened."""
_SOFTNESS = (0.4, 2.2)  # pixels: deviation of the blur
_GRAININESS = (0.004, 0.12)  # deviation of the grain in middle tones
_HOLE_FILL = 5.0  # pixels over which a hole's surroundings are averaged


@dataclass(frozen=True)
class PreparedSource:
    """Crops of prepared clips, drawn by seed and step.

    A batch has, all float32: `frame`, `unmarked`, `soft`, `clean` and `damaged` (the frame before it
    was filled), each (B, 1, crop, crop) in [0, 1]; `mask` likewise, the probability of damage; `neighbours`
    (B, N, crop, crop), `trust` (B, N, crop / 4, crop / 4) and `denoised` as `compact.View` has them; `fading`
    (B, 2): the values that black and white have come to, (0, 1) where nothing faded. All are faded alike.
    """

    folder: Path
    part: Part
    seed: int
    batch_size: int
    crop: int
    holes: float = 0.25
    """Share of the crops in which a place that no neighbour shows was cut out."""
    faded: float = 0.3
    """Share of the crops that are faded."""
    alone: float = 0.15
    """Share of the crops that have no neighbours, as stills have none: softer and grainier, too."""

    def __post_init__(self) -> None:
        if self.crop % MULTIPLE:
            raise ValueError(f"crop = {self.crop} must be a multiple of {MULTIPLE}.")

    @cached_property
    def items(self) -> list[Arrays]:
        """Arrays of all clips of the part that are large enough."""
        opened: list[Arrays] = [open_arrays(folder) for folder in read_items(self.folder, self.part)]
        large = [arrays for arrays in opened if min(arrays["frames"].shape[1:]) >= self.crop]
        if not large:
            raise ValueError(f"no prepared clip in {self.folder} is as large as crop = {self.crop}.")
        return large

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        random = np.random.default_rng([self.seed, step])
        crops = [self._crop(random) for _ in range(self.batch_size)]
        return {name: torch.from_numpy(np.stack([crop[name] for crop in crops])) for name in crops[0]}

    def _crop(self, random: np.random.Generator) -> dict[str, npt.NDArray[np.float32]]:
        arrays = self.items[int(random.integers(len(self.items)))]
        count, height, width = arrays["frames"].shape
        t = int(random.integers(count))
        top = CELL * int(random.integers((height - self.crop) // CELL + 1))
        left = CELL * int(random.integers((width - self.crop) // CELL + 1))
        crop = crop_of(arrays, t, top, left, self.crop)
        if random.random() < self.alone:
            crop["trust"] = np.zeros_like(crop["trust"])
            _wear(crop, random)
        if random.random() < self.holes:
            other = self.items[int(random.integers(len(self.items)))]
            _cut_hole(crop, _hole(other, self.crop, random))
        fading = _fading(random) if random.random() < self.faded else (0.0, 1.0)
        crop = {
            name: values if name in ("mask", "trust") else fading[0] + (fading[1] - fading[0]) * values
            for name, values in crop.items()
        }
        return _turned(crop, random) | {"fading": np.array(fading, np.float32)}


def crop_of(arrays: Arrays, t: int, top: int, left: int, size: int) -> dict[str, npt.NDArray[np.float32]]:
    """Cut frame `t` of a prepared clip, and what is around it, (C, size, size) in [0, 1].

    `top`, `left` and `size` are multiples of CELL.
    """
    rows, columns = slice(top, top + size), slice(left, left + size)
    frame = _unit(arrays["filled"][t, rows, columns])
    neighbours, trust = _neighbours(arrays, t, rows, columns, frame)
    crop = {name: _unit(arrays[name][t, rows, columns])[None] for name in _TRUTHS}
    return crop | {
        "frame": frame[None],
        "damaged": _unit(arrays["frames"][t, rows, columns])[None],
        "mask": _unit(arrays["found"][t, :, rows, columns]).max(axis=0)[None],
        "neighbours": neighbours,
        "trust": trust,
        "denoised": _unit(arrays["denoised"][t, rows, columns])[None],
    }


def _neighbours(arrays: Arrays, t: int, rows: slice, columns: slice, frame: Plane) -> tuple[Plane, Plane]:
    """Neighbouring frames (N, size, size) brought to frame t, and their trust (N, size / 4, size / 4)."""
    count, height, width = arrays["filled"].shape
    first, stop = max(t - 2, 0), min(t + 3, count)
    motion = as_motion(arrays["flow"][first:stop], arrays["trust"][first:stop])
    there = [step for step in NEIGHBOUR_STEPS if 0 <= t + step < count]
    flows = motion.flows(t - first, there)
    grid = (slice(rows.start // 2, rows.stop // 2), slice(columns.start // 2, columns.stop // 2))
    size = rows.stop - rows.start
    views, trusts = [], []
    for step in NEIGHBOUR_STEPS:
        if step not in flows:
            views.append(frame)
            trusts.append(np.zeros((size // CELL, size // CELL), np.float32))
            continue
        flow, confidence = flows[step]
        map_x, map_y = (values[rows, columns] for values in picture_maps(flow, height, width))
        other = _unit(arrays["filled"][t + step])
        views.append(cv2.remap(other, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
        cells = cv2.resize(confidence[grid], (size // CELL, size // CELL), interpolation=cv2.INTER_AREA)
        trusts.append(np.asarray(cells))
    return np.stack(views).astype(np.float32), np.stack(trusts).astype(np.float32)


def _hole(arrays: Arrays, size: int, random: np.random.Generator) -> Plane:
    """Damage of some other frame, bool (size, size), grown: the shape of a place to cut out."""
    count, height, width = arrays["frames"].shape
    t = int(random.integers(count))
    top, left = int(random.integers(height - size + 1)), int(random.integers(width - size + 1))
    truth = arrays["truth"][t, :, top : top + size, left : left + size].max(axis=0)
    grown = 2 * int(random.integers(1, 5)) + 1
    return np.asarray(cv2.dilate(np.ascontiguousarray(truth), np.ones((grown, grown), np.uint8)) > 0)


def _cut_hole(crop: dict[str, npt.NDArray[np.float32]], hole: Plane) -> None:
    """Take away what is in `hole`, from the frame and from all that is around it; in place."""
    if not hole.any() or hole.mean() > 0.5:
        return
    sound = np.where(hole, np.float32(0), np.float32(1))
    weight = cv2.GaussianBlur(sound, (0, 0), _HOLE_FILL) + np.float32(1e-4)
    frame = crop["frame"][0]
    around = cv2.GaussianBlur(frame * sound, (0, 0), _HOLE_FILL) / weight
    frame = np.where(hole, np.clip(around, 0, 1), frame)
    crop["frame"] = frame[None]
    crop["mask"] = np.maximum(crop["mask"], hole.astype(np.float32))
    for name in ("neighbours", "denoised"):
        crop[name] = np.where(hole, frame, crop[name])
    cells = cv2.resize(sound, crop["trust"].shape[:0:-1], interpolation=cv2.INTER_AREA)
    crop["trust"] = crop["trust"] * cells


def _wear(crop: dict[str, npt.NDArray[np.float32]], random: np.random.Generator) -> None:
    """Make a crop as soft and as grainy as a photograph may be, in place: `clean` stays as it is."""
    if random.random() < _SOFT:
        sigma = float(random.uniform(*_SOFTNESS))
        for name in ("frame", "damaged", "unmarked", "soft"):
            crop[name] = blurred(crop[name], sigma)
    low, high = np.log(_GRAININESS)
    grain = Grain(strength=float(np.exp(random.uniform(low, high))), size=float(random.uniform(0.3, 0.9)))
    added = add_grain(grain, crop["unmarked"], random) - crop["unmarked"]
    for name in ("frame", "damaged", "unmarked"):
        crop[name] = np.clip(crop[name] + added, 0, 1)
    crop["denoised"] = crop["frame"]
    crop["neighbours"] = np.broadcast_to(crop["frame"], crop["neighbours"].shape)


def _fading(random: np.random.Generator) -> tuple[float, float]:
    """What black and white have come to."""
    return float(random.uniform(0.0, 0.25)), float(random.uniform(0.6, 1.0))


def _turned(
    crop: dict[str, npt.NDArray[np.float32]], random: np.random.Generator
) -> dict[str, npt.NDArray[np.float32]]:
    """Mirror, upside down and transposed, at random; all alike."""
    mirrored, turned, transposed = random.random(3) < (0.5, 0.25, 0.25)
    result = {}
    for name, picture in crop.items():
        values: Any = picture
        if mirrored:
            values = values[..., ::-1]
        if turned:
            values = values[..., ::-1, :]
        if transposed:
            values = values.swapaxes(-1, -2)
        result[name] = np.ascontiguousarray(values, dtype=np.float32)
    return result


def _unit(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.asarray(values, np.float32) / np.float32(255)
