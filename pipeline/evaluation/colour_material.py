"""Pictures in colour, and what is left of them without: what is coloured again, and measured."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from zlib import crc32

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.io.errors import SourceError
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.clips import HELD_OUT_CLIPS, clip_paths, read_stretch
from reelfix.pipeline.evaluation.pictures import gray_of, picture_paths, read_picture
from reelfix.restoration.metrics.colorfulness import colorfulness
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion

ColourPart = Literal["tune", "validation", "held-out", "all"]
"""`validation` is the share of `tune` that no net was trained on."""

VALIDATION_CLIPS = frozenset({"coffee", "ta2"})
_HELD_OUT, _VALIDATION = 9, 8
"""What the CRC-32 of a still's name, divided by ten, leaves over."""
_COLOURLESS = 3.0
"""Colorfulness below which a picture has none to be found again."""


@dataclass(frozen=True)
class ColourTrial:
    """A clip, or a still as a clip of one frame: its true colours, and its luma alone."""

    name: str
    truth: torch.Tensor
    """float32 (T, 3, H, W), R, G, B in [0, 1]."""

    @cached_property
    def luma(self) -> torch.Tensor:
        """What is to be coloured: float32 (T, 1, H, W), Rec. 601 weights."""
        return torch.stack([gray_of(frame) for frame in self.truth])

    @cached_property
    def motion(self) -> Motion:
        """The motion of the gray clip, as stage `motion` finds it."""
        return estimate_motion(self.luma)

    def random(self, seed: int) -> np.random.Generator:
        """Return the random numbers of a seed: of this clip, the same each time."""
        return np.random.default_rng([seed, crc32(self.name.encode())])


def colour_clips(folder: Path, names: str | None, part: ColourPart) -> list[Path]:
    """Find the clips of a part in `folder`, or those named; raises SourceError and UsageError."""
    try:
        paths = clip_paths(folder, "all")
    except FileNotFoundError as error:
        raise SourceError(str(error)) from error
    found = {name: path for name, path in paths.items() if _is_of(part, _part_of_clip(name))}
    wanted = [name.strip() for name in names.split(",")] if names else list(found)
    for name in wanted:
        if name not in found:
            raise UsageError(f"there is no clip {name!r} of part {part}. There are: {', '.join(found)}.")
    if not wanted:
        raise SourceError(f"none of {len(paths)} clips is of part {part}. Ask for another with --part.")
    return [found[name] for name in wanted]


def colour_stills(folder: Path, part: ColourPart) -> list[Path]:
    """Find the stills of a part in `folder` and below; raises SourceError where there are none."""
    paths = list(picture_paths(folder).values())
    found = [path for path in paths if _is_of(part, _part_of_still(path.name))]
    if not found:
        raise SourceError(f"none of {len(paths)} stills is of part {part}. Ask for another with --part.")
    return found


def read_colour_clip(path: Path, *, frames: int, width: int, choice: int = 0) -> ColourTrial:
    """Read `frames` frames in colour, scaled to at most `width`; `choice` picks which stretch of the clip.

    Raises ValueError for a clip with no stretch of 12 frames without a cut, and for one that has no colours.
    """
    stretch = read_stretch(path, frames=frames, width=width, choice=choice, is_colour=True)
    rgb = np.stack(stretch)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 255
    return _with_colours(ColourTrial(path.stem, torch.from_numpy(np.ascontiguousarray(rgb))), path)


def read_colour_still(path: Path, name: str, *, size: int) -> ColourTrial:
    """Read a still, scaled so that no side is longer than `size`; both sides even.

    Raises ValueError for one that has no colours or is smaller than 32 x 32, SourceError for one that cannot
    be read.
    """
    picture = read_picture(path)
    scale = min(1.0, size / max(picture.shape[1:]))
    height, width = (2 * round(side * scale / 2) for side in picture.shape[1:])
    if min(height, width) < 32:
        raise ValueError(f"{path} is {width}x{height}, and 32 x 32 pixels are needed. Leave it out.")
    scaled: npt.NDArray[np.float32] = np.asarray(
        cv2.resize(
            np.ascontiguousarray(picture.expand(3, -1, -1).permute(1, 2, 0).numpy()),
            (width, height),
            interpolation=cv2.INTER_AREA,
        ),
        np.float32,
    )
    rgb = torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1))).clamp(0, 1)
    return _with_colours(ColourTrial(name, rgb[None]), path)


def _with_colours(trial: ColourTrial, path: Path) -> ColourTrial:
    found = max(colorfulness(frame) for frame in trial.truth)
    if found < _COLOURLESS:
        raise ValueError(f"{path} has no colours to find again (colorfulness {found:.1f}). Leave it out.")
    return trial


def _part_of_clip(name: str) -> ColourPart:
    if name in HELD_OUT_CLIPS:
        return "held-out"
    return "validation" if name in VALIDATION_CLIPS else "tune"


def _part_of_still(name: str) -> ColourPart:
    parts: dict[int, ColourPart] = {_HELD_OUT: "held-out", _VALIDATION: "validation"}
    return parts.get(crc32(name.encode()) % 10, "tune")


def _is_of(part: ColourPart, own: ColourPart) -> bool:
    return part in ("all", own) or (part == "tune" and own == "validation")
