"""Masks drawn by a person: PNG pictures in the reel's `masks/`, added to what `detect` finds or taken off.

A picture's name says what it is for: `add.dirt.12-20.png` marks frames 12 to 20 (both included, counted from
the reel's first, 0) as dirt, `add.scratch.12.png` frame 12 as scratched, `protect.12-20.png` keeps what it
covers from being held for damage. A part before `.png` may tell several apart: `add.dirt.12.hat.png`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from upath import UPath

from reelfix.io.documents import write_bytes
from reelfix.io.storage import Location, as_path
from reelfix.pipeline.errors import ReelError, UsageError
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.stage import ClipFormat

Arrays = dict[str, npt.NDArray[Any]]

PLANES: Final = ("dirt", "scratch", "protect")
"""The planes of the product `user_mask`."""

_FOLDER = "masks"
_NAME = re.compile(
    r"(?P<plane>add(\.dirt|\.scratch)?|protect)\.(?P<first>\d+)(-(?P<last>\d+))?(\.[\w-]+)?\.png", re.ASCII
)
_RULE = "Name it like add.dirt.12-20.png, add.scratch.12.png or protect.12-20.png."


@dataclass(frozen=True)
class UserMask:
    """One picture, and the frames it holds for."""

    path: UPath
    plane: str
    """One of PLANES."""
    start: int
    """First frame, counted from the reel's first."""
    stop: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def touches(self, shot: Shot) -> bool:
        """Say whether any of the shot's frames is meant."""
        return self.start < shot.stop and shot.start < self.stop


def user_masks_of(reel: Reel) -> tuple[UserMask, ...]:
    """Return the reel's masks, in the order of their names.

    Raises UsageError for a PNG whose name says nothing, or names frames that the reel has not.
    """
    folder = reel.root / _FOLDER
    if not folder.exists():
        return ()
    pictures = sorted((path for path in folder.iterdir() if path.name.endswith(".png")), key=str)
    return tuple(_parsed(path, reel.info.frame_count) for path in pictures)


def masks_key(masks: Iterable[UserMask], shot: Shot) -> str:
    """SHA-256 of all that the masks say of a shot; empty where they say nothing."""
    content = [
        [mask.plane, max(mask.start, shot.start), min(mask.stop, shot.stop), mask.sha256]
        for mask in masks
        if mask.touches(shot)
    ]
    if not content:
        return ""
    return hashlib.sha256(json.dumps(sorted(content)).encode()).hexdigest()


def add_masks(
    reel: Reel, plane: str, start: int, stop: int, pictures: Sequence[Location]
) -> tuple[UserMask, ...]:
    """Copy pictures into the reel: one for all frames `[start, stop)`, or one for each of them.

    `plane` is one of PLANES. Raises UsageError for frames that the reel has not, another number of pictures,
    and a picture that is no PNG or of another size than the reel's frames.
    """
    _check_frames(start, stop, reel.info.frame_count)
    if len(pictures) not in (1, stop - start):
        raise UsageError(
            f"there are {len(pictures)} pictures for {stop - start} frames: give one for all, or one each."
        )
    ranges = [(start, stop)] if len(pictures) == 1 else [(frame, frame + 1) for frame in range(start, stop)]
    contents = [as_path(picture).read_bytes() for picture in pictures]
    for picture, content in zip(pictures, contents, strict=True):
        _decoded(content, reel.clip, str(picture))
    added = []
    for (first, end), content in zip(ranges, contents, strict=True):
        digest = hashlib.sha256(content).hexdigest()
        kind = plane if plane == "protect" else f"add.{plane}"
        frames = f"{first}-{end - 1}" if end - first > 1 else str(first)
        path = reel.root / _FOLDER / f"{kind}.{frames}.{digest[:8]}.png"
        write_bytes(path, content)
        added.append(UserMask(path, plane, first, end, digest))
    return tuple(added)


def drop_mask(reel: Reel, name: str) -> UserMask:
    """Take one mask out of the reel; raises UsageError for a name there is not."""
    masks = {mask.name: mask for mask in user_masks_of(reel)}
    if name not in masks:
        raise UsageError(f"there is no mask {name!r}. There are: {', '.join(masks) or 'none'}.")
    masks[name].path.unlink()
    return masks[name]


class UserMaskFrames:
    """What the masks say of a shot's frames, counted from its first."""

    def __init__(self, reel: Reel, shot: Shot, key: str) -> None:
        masks = [mask for mask in user_masks_of(reel) if mask.touches(shot)]
        if masks_key(masks, shot) != key:
            raise ReelError(f"the masks in {reel.root / _FOLDER} were changed meanwhile. Run it again.")
        self._masks = masks
        self._shot = shot
        self._clip = reel.clip
        self._held: dict[str, npt.NDArray[np.uint8]] = {}

    def read(self, start: int, stop: int) -> Arrays:
        """Return `user_mask`, uint8 (T, 3, H, W): one plane for each of PLANES, 255 where it is certain.

        Raises ReelError for a picture that is not what was planned with, UsageError for one of a wrong size.
        """
        first, end = self._shot.start + start, self._shot.start + stop
        values = np.zeros((stop - start, len(PLANES), self._clip.height, self._clip.width), np.uint8)
        wanted = [mask for mask in self._masks if mask.start < end and first < mask.stop]
        self._held = {mask.name: self._held.get(mask.name, _EMPTY) for mask in wanted}
        for mask in wanted:
            if self._held[mask.name] is _EMPTY:
                self._held[mask.name] = self._picture(mask)
            frames = slice(max(mask.start, first) - first, min(mask.stop, end) - first)
            plane = values[frames, PLANES.index(mask.plane)]
            np.maximum(plane, self._held[mask.name], out=plane)
        return {"user_mask": values}

    def _picture(self, mask: UserMask) -> npt.NDArray[np.uint8]:
        content = mask.path.read_bytes()
        if hashlib.sha256(content).hexdigest() != mask.sha256:
            raise ReelError(f"{mask.path} was changed meanwhile. Run it again.")
        return _decoded(content, self._clip, str(mask.path))


_EMPTY: Final[npt.NDArray[np.uint8]] = np.zeros((0, 0), np.uint8)


def _parsed(path: UPath, frame_count: int) -> UserMask:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise UsageError(f"{path} does not say what it is for. {_RULE}")
    plane = match["plane"].removeprefix("add.").replace("add", "dirt")
    start, stop = int(match["first"]), int(match["last"] or match["first"]) + 1
    try:
        _check_frames(start, stop, frame_count)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return UserMask(path, plane, start, stop, hashlib.sha256(path.read_bytes()).hexdigest())


def _check_frames(start: int, stop: int, frame_count: int) -> None:
    if not 0 <= start < stop <= frame_count:
        raise UsageError(
            f"frames {start}-{stop - 1} are not a range of this reel, whose frames are 0-{frame_count - 1}."
        )


def _decoded(content: bytes, clip: ClipFormat, where: str) -> npt.NDArray[np.uint8]:
    """Decode a PNG to (H, W): its brightness, where it has an alpha channel times that."""
    buffer = np.frombuffer(content, np.uint8)
    picture = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED) if content.startswith(b"\x89PNG") else None
    if picture is None:
        raise UsageError(f"{where} is not a PNG that can be read. Save the mask as a PNG of 8 or 16 bits.")
    if picture.shape[:2] != (clip.height, clip.width):
        raise UsageError(
            f"{where} is {picture.shape[1]}x{picture.shape[0]}: a mask must be as large as the reel's "
            f"frames, {clip.width}x{clip.height}."
        )
    peak = 65535 if picture.dtype == np.uint16 else 255
    values: npt.NDArray[Any] = picture.astype(np.float32) / np.float32(peak)
    if values.ndim == 3:
        alpha = values[..., 3] if values.shape[2] == 4 else 1
        values = cv2.cvtColor(np.ascontiguousarray(values[..., :3]), cv2.COLOR_BGR2GRAY) * alpha
    return np.asarray(np.rint(values * 255), dtype=np.uint8)
