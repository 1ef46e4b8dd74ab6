"""Clean clips to damage: read from a folder, gray, scaled, cut to a few frames without a cut among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch

ClipPart = Literal["tune", "held-out", "all"]

HELD_OUT_CLIPS = frozenset({"bikes", "box", "carphone", "cockatoo", "cup", "person", "ta4", "wolf"})
"""Clips to be judged on alone: neither looked at nor tuned on."""

_SHORTEST = 12
"""Frames: ffmpeg's deflicker over 11 darkens whole clips that are shorter than its window."""
_CUT = 0.15
"""Mean change of a thumbnail from frame to frame that only a cut makes."""
_BLACK, _WHITE = 0.05, 0.85
"""Where black and white come to lie: a scan of film has room above and below for flicker and dirt."""


@dataclass(frozen=True)
class CleanClip:
    """A clean clip."""

    name: str
    frames: torch.Tensor
    """float32 (T, 1, H, W) in [_BLACK, _WHITE]; H and W even."""
    rate: float


def clip_paths(folder: Path, part: ClipPart) -> dict[str, Path]:
    """Name the clips of a part; raises FileNotFoundError where there are none."""
    found = {
        path.stem: path
        for path in sorted(folder.iterdir() if folder.is_dir() else ())
        if part == "all" or (path.stem in HELD_OUT_CLIPS) == (part == "held-out")
    }
    if not found:
        raise FileNotFoundError(f"{folder} has no clips of part {part}. Name the folder that has them.")
    return found


def read_clip(path: Path, *, frames: int, width: int, choice: int) -> CleanClip:
    """Read `frames` frames, scaled to at most `width`; `choice` picks which stretch of the clip.

    Raises ValueError for a clip with no stretch of 12 frames without a cut.
    """
    picked = read_stretch(path, frames=frames, width=width, choice=choice)
    clean = _BLACK + (_WHITE - _BLACK) * np.stack(picked)[:, None].astype(np.float32) / 255
    return CleanClip(path.stem, torch.from_numpy(clean.astype(np.float32)), _rate(path))


def read_stretch(
    path: Path, *, frames: int, width: int, choice: int, is_colour: bool = False
) -> list[npt.NDArray[np.uint8]]:
    """Read `frames` frames without a cut, at most `width` wide: each (H, W), or (H, W, 3) of B, G, R.

    Fewer where there is no longer stretch. Raises ValueError where there are fewer than 12.
    """
    stretch: list[npt.NDArray[np.uint8]] = []
    stretches: list[list[npt.NDArray[np.uint8]]] = []
    for picture in _pictures(path, width, is_colour):
        if stretch and _is_cut(stretch[-1], picture):
            stretches.append(stretch)
            stretch = []
        stretch.append(picture)
        if len(stretch) == frames:
            stretches.append(stretch)
            stretch = []
        if sum(len(known) == frames for known in stretches) > choice:
            break
    longest = [known for known in stretches if len(known) == frames] or [max([*stretches, stretch], key=len)]
    picked = longest[choice % len(longest)]
    if len(picked) < _SHORTEST:
        raise ValueError(
            f"{path} has {len(picked)} frames without a cut, and {_SHORTEST} are needed. Leave it out."
        )
    return picked


def _rate(path: Path) -> float:
    return float(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS))


def _pictures(path: Path, width: int, is_colour: bool) -> Iterator[npt.NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    while True:
        is_there, frame = capture.read()
        if not is_there:
            return
        picture = frame if is_colour else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        scale = min(1.0, width / picture.shape[1])
        size = (2 * round(picture.shape[1] * scale / 2), 2 * round(picture.shape[0] * scale / 2))
        yield np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _is_cut(here: npt.NDArray[np.uint8], there: npt.NDArray[np.uint8]) -> bool:
    small = [
        cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        for picture in (here, there)
    ]
    return float(np.abs(small[0] - small[1]).mean()) > _CUT
