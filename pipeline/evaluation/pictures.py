"""Pictures in folders: found, paired by name, read."""

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
import torch

from reelfix.io.errors import SourceError
from reelfix.restoration.damage import Part

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".jp2", ".exr"})
_HELD_OUT = 9
"""Stills whose name's CRC-32 leaves this over, divided by ten, are never trained on."""


def picture_paths(folder: Path) -> dict[str, Path]:
    """Name the pictures of a folder and of those within it, sorted, by their path without its suffix.

    Raises SourceError where there are none, or two have one name.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.suffix.lower() in SUFFIXES and path.is_file():
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in found:
                raise SourceError(f"{path} and {found[name].name} have one name. Take one of them away.")
            found[name] = path
    if not found:
        kinds = ", ".join(sorted(SUFFIXES))
        raise SourceError(f"{folder} is no folder with pictures ({kinds}). Check the name.")
    return found


def part_of(name: str) -> Part:
    """Return the part that a still belongs to, by its file's name with the suffix."""
    return "held-out" if crc32(name.encode()) % 10 == _HELD_OUT else "tune"


def in_part(paths: Sequence[Path], part: Part) -> list[Path]:
    """Return the stills of a part; raises SourceError where there are none."""
    found = [path for path in paths if part == "all" or part_of(path.name) == part]
    if not found:
        raise SourceError(f"none of {len(paths)} stills is of part {part}. Ask for another with --part.")
    return found


def read_picture(path: Path) -> torch.Tensor:
    """Read a picture of 8 or 16 bits or of floats: float32 (C, H, W) in [0, 1], C = 1 or 3 (R, G, B).

    Raises SourceError where it cannot be read.
    """
    content = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if content is None:
        raise SourceError(f"{path} cannot be read as a picture. Fetch it again, or take it away.")
    peak = {"uint8": 255, "uint16": 65535}.get(content.dtype.name, 1)
    picture = content.astype(np.float32) / np.float32(peak)
    if picture.ndim == 2:
        return torch.from_numpy(picture)[None]
    colours = picture[..., [0]] if picture.shape[-1] < 3 else picture[..., 2::-1]  # alpha is left out
    return torch.from_numpy(np.ascontiguousarray(colours.transpose(2, 0, 1)))


def gray_of(picture: torch.Tensor) -> torch.Tensor:
    """Return the luma (1, H, W) of a picture (C, H, W); Rec. 601 weights."""
    if len(picture) == 1:
        return picture
    return torch.einsum("chw,c->hw", picture, torch.tensor([0.299, 0.587, 0.114]))[None]
