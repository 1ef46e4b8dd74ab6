"""Batches for the detector: what it is told of frames of prepared clips, and where they are damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Plane
from reelfix.restoration.blotch_evidence import VIEWS, scene_of
from reelfix.restoration.detector_inputs import EACH_WAY, REACH, Look, inputs_of, look_of
from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import REACH as NEIGHBOUR_REACH
from reelfix.restoration.neighbours import Repeats, neighbours_of, repeats_in
from reelfix.restoration.training.prepared import FLOW_UNIT, Arrays, Part, open_arrays, read_items
from reelfix.restoration.training.recipe import Batch

_ARRAYS = ("frames", "found", "truth", "unmarked", "soft", "flow", "trust")
_PLAIN = (0.015, 0.035)  # change of the picture from which a mark counts at all, and fully
_LEAST = 0.1  # weight of what is hardly there
_BESIDE = 0.3  # weight of pixels next to a mark
_GRAIN = 1.5  # standard deviations that a plain mark must stand out by


@dataclass(frozen=True)
class DetectSource:
    """Crops of what is told of frames, drawn by seed and step, some mirrored.

    A batch has `inputs` float32 (B, INPUTS, height / 2, width / 2), `truth` float32 (B, 2, height, width), 1
    where damaged, and `weight` likewise, how much a pixel counts: 0 where nobody knows.
    """

    folders: Sequence[Path]
    """Of prepared clips; a clip may have `ignore.npy` too, uint8 (T, 2, H, W), 255 where nobody knows."""
    shares: Sequence[float]
    """Of the batches that come from each of the folders."""
    part: Part
    seed: int
    batch_size: int
    height: int = 240
    width: int = 320
    hidden: float = 0.15
    """Share of the crops in which one plane of what was found without a net is kept back."""
    weaker: float = 0.15
    """Share of the crops that are asked for with less than full strength."""

    @cached_property
    def clips(self) -> list[list[Arrays]]:
        """Arrays of the clips of the part in each folder that are large enough."""
        size = self.height, self.width
        found = []
        for folder in self.folders:
            opened = [_opened(path) for path in read_items(folder, self.part)]
            large = [
                clip for clip in opened if all(np.greater_equal(clip["frames"].shape[1:], size).tolist())
            ]
            if not large:
                raise ValueError(f"no prepared clip in {folder} is as large as {size}. Ask for less.")
            found.append(large)
        return found

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        random = np.random.default_rng([self.seed, step])
        crops = [self._crop(random) for _ in range(self.batch_size)]
        return {name: torch.from_numpy(np.stack([crop[name] for crop in crops])) for name in crops[0]}

    def _crop(self, random: np.random.Generator) -> dict[str, npt.NDArray[np.float32]]:
        shares = np.asarray(self.shares) / np.sum(self.shares)
        clips = self.clips[int(random.choice(len(shares), p=shares))]
        clip = clips[int(random.integers(len(clips)))]
        t = int(random.integers(len(clip["frames"])))
        strength = float(random.uniform(0.4, 1.0)) if random.random() < self.weaker else 1.0
        hidden = int(random.integers(2)) if random.random() < self.hidden else None
        told = told_of(clip, t, mirrored=bool(random.random() < 0.5), strength=strength, hidden=hidden)
        height, width = clip["frames"].shape[1:]
        top, left = _place(height, self.height, random), _place(width, self.width, random)
        rows, columns = slice(top, top + self.height), slice(left, left + self.width)
        grid = slice(top // 2, rows.stop // 2), slice(left // 2, columns.stop // 2)
        return {
            name: np.ascontiguousarray(planes[:, *(grid if name == "inputs" else (rows, columns))])
            for name, planes in told.items()
        }


def _opened(folder: Path) -> Arrays:
    arrays: dict[str, Any] = dict(open_arrays(folder, _ARRAYS))
    if (folder / "ignore.npy").exists():
        arrays["ignore"] = np.load(folder / "ignore.npy", mmap_mode="r")
    return arrays


def _place(length: int, size: int, random: np.random.Generator) -> int:
    """Where a crop begins, an even number: at an edge of the picture half the time."""
    free = (length - size) // 2
    return 2 * int(np.clip(random.integers(-free // 2, free + free // 2 + 1), 0, free))


def told_of(
    clip: Arrays, t: int, *, mirrored: bool = False, strength: float = 1.0, hidden: int | None = None
) -> dict[str, npt.NDArray[np.float32]]:
    """Return `inputs` (INPUTS, h, w), `truth` and `weight` (2, H, W) of frame `t` of a prepared clip.

    `hidden`: plane of what was found without a net that is not told.
    """
    first, stop = max(t - REACH, 0), min(t + REACH + 1, len(clip["frames"]))
    pictures = {name: _mirrored(clip[name][first:stop], mirrored) for name in ("frames", "trust")}
    lumas = [np.asarray(frame, np.float32) * np.float32(1 / 255) for frame in pictures["frames"]]
    motion = _motion(_mirrored_flow(clip["flow"][first:stop], mirrored), pictures["trust"])
    here = t - first
    repeats = _repeats_near(lumas, here)
    scene = scene_of(lumas, neighbours_of(repeats, motion, here, EACH_WAY)[:VIEWS], here)
    looks: dict[int, Look] = {k: look_of(lumas[k], motion, k) for k in range(len(lumas))}
    found = _mirrored(clip["found"][t], mirrored).copy()
    if hidden is not None:
        found[hidden] = 0
    truth, weight = wanted_of(clip, t, strength)
    return {
        "inputs": inputs_of(scene, looks, here, list(found), strength),
        "truth": _mirrored(truth, mirrored),
        "weight": _mirrored(weight, mirrored),
    }


def _repeats_near(lumas: list[Plane], frame: int) -> Repeats:
    """Repeats among the frames in which neighbours of `frame` are looked for."""
    near = range(max(frame - NEIGHBOUR_REACH, 0), min(frame + NEIGHBOUR_REACH + 1, len(lumas)))
    repeats = repeats_in(lumas[near.start : near.stop])
    return Repeats([False] * near.start + repeats, (near.start + t for t in repeats.blends))


def wanted_of(clip: Arrays, t: int, strength: float) -> tuple[Plane, Plane]:
    """Return truth and weight (2, H, W) of frame `t`: what is faint, or beside a mark, matters less."""
    change = np.abs(clip["frames"][t].astype(np.float32) - clip["unmarked"][t]) * np.float32(strength / 255)
    grain = np.abs(clip["unmarked"][t].astype(np.float32) - clip["soft"][t]) * np.float32(1 / 255)
    faint, plain = _PLAIN
    plain = max(plain, _GRAIN * 1.25 * float(grain.mean()))
    known = np.clip((change - faint) / (plain - faint), _LEAST, 1)
    truth = np.where(change > faint, clip["truth"][t], 0).astype(np.float32) / 255
    square = np.ones((3, 3), np.uint8)
    weight = np.stack(
        [np.where(plane > 0, known, np.where(cv2.dilate(plane, square) > 0, _BESIDE, 1)) for plane in truth]
    ).astype(np.float32)
    # What is too faint to count is no fault either.
    weight[(clip["truth"][t] > 0) & (truth == 0)] = _LEAST
    if "ignore" in clip:
        weight[clip["ignore"][t] > 0] = 0
    return truth, weight


def _motion(flow: npt.NDArray[np.float32], trust: npt.NDArray[Any]) -> Motion:
    """Return what `prepared.as_motion` does, with trust one ulp apart: the bits that were trained on."""
    flows = torch.from_numpy(flow * np.float32(1 / FLOW_UNIT))
    trusts = torch.from_numpy(trust.astype(np.float32) * np.float32(1 / 255))
    return Motion(flows[:, :2], flows[:, 2:], trusts[:, :1], trusts[:, 1:])


def _mirrored(planes: npt.NDArray[Any], is_mirrored: bool) -> npt.NDArray[Any]:
    return np.ascontiguousarray(planes[..., ::-1] if is_mirrored else planes)


def _mirrored_flow(flow: npt.NDArray[Any], is_mirrored: bool) -> npt.NDArray[np.float32]:
    """Flow (T, 4, h, w): to the left what was to the right."""
    turned = _mirrored(flow, is_mirrored).astype(np.float32)
    if is_mirrored:
        turned[:, ::2] *= -1
    return turned
