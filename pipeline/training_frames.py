"""Frames of films, evenly spread over each, as arrays that training maps into memory."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.io.documents import sync_file
from reelfix.io.errors import SourceError
from reelfix.io.frame_store import Planes
from reelfix.io.planes import PlaneReader
from reelfix.io.probe import open_container, picture_stream, probe
from reelfix.io.source_info import VideoStream
from reelfix.io.sources import find_source
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.reel import Reel

Levels = npt.NDArray[np.uint8]
"""A frame: (H, W) gray, or (H, W, 3) R, G, B; code values as stages see them, 255 the peak."""

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})
VIDEOS = frozenset(
    {".avi", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mxf", ".ogv", ".ts", ".webm", ".y4m"}
)
"""Suffixes by which films are found in a folder; one named by itself may have any."""


def is_reel(path: Path) -> bool:
    """Whether a reel lies at `path`."""
    return (path / "reel.json").exists()


def frames_array(path: Path, folder: Path, *, count: int, channels: int) -> Path:
    """Return the array of `count` frames of a picture, video or reel, made in `folder` where it is not there.

    An array has uint8 (T, H, W), or (T, H, W, 3) with 3 channels. Raises SourceError where nothing can be
    read.
    """
    target = folder / f"{path.name.removesuffix('.reel')}-{_key(path, count, channels)}.npy"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(target, _frames(path, count, channels), path)
    return target


def _key(path: Path, count: int, channels: int) -> str:
    state = (path / "reel.json" if is_reel(path) else path).stat()
    text = f"{path.resolve()} {state.st_size} {state.st_mtime_ns} {count} {channels}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _write(target: Path, frames: Iterator[Levels], path: Path) -> None:
    """Write frames as they come, then the header that counts them; the file appears whole."""
    raw, whole = target.with_suffix(".raw"), target.with_suffix(".partial")
    shape: tuple[int, ...] | None = None
    count = 0
    with raw.open("wb") as file:
        for frame in frames:
            if shape is not None and frame.shape != shape:
                break  # the picture changes its size within the file
            shape = frame.shape
            file.write(np.ascontiguousarray(frame).tobytes())
            count += 1
    if shape is None:
        raw.unlink()
        raise SourceError(f"{path} has no frame that can be read. Name other film.")
    stored = np.memmap(raw, np.uint8, "r", shape=(count, *shape))
    with whole.open("wb") as file:
        np.save(file, stored)
    del stored
    raw.unlink()
    sync_file(str(whole))
    whole.replace(target)


def _frames(path: Path, count: int, channels: int) -> Iterator[Levels]:
    if is_reel(path):
        return _reel_frames(path, count, channels)
    if path.suffix.lower() in PICTURES:
        return _picture(path, channels)
    return _video_frames(path, count, channels)


def _picture(path: Path, channels: int) -> Iterator[Levels]:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise SourceError(f"{path} cannot be read as a picture. Save it again as PNG, or leave it out.")
    yield np.asarray(picture, np.uint8)


def _reel_frames(path: Path, count: int, channels: int) -> Iterator[Levels]:
    reel = Reel.open(path)
    store = reel.store()
    total = store.frame_count
    pixels = PixelMap.of(
        reel.info.video, is_monochrome=reel.info.is_monochrome or _luma_is_enough(reel.info.video, channels)
    )
    for index in np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)):
        planes = store.read(int(index), int(index) + 1, pixels.planes_read)
        yield _levels(pixels, planes, channels)


def _video_frames(path: Path, count: int, channels: int) -> Iterator[Levels]:
    probed = probe(find_source(str(path)))
    pixels = PixelMap.of(probed.video, is_monochrome=_luma_is_enough(probed.video, channels))
    reader = PlaneReader(probed.store)
    step = max((probed.expected_frames or count) // count, 1)
    with open_container(probed.source) as container:
        for index, frame in enumerate(container.decode(picture_stream(container, probed.source))):
            if index % step == 0:
                planes = reader.read(frame)
                yield _levels(pixels, {name: planes[name][None] for name in pixels.planes_read}, channels)
            if index + 1 >= step * count:
                break


def _luma_is_enough(video: VideoStream, channels: int) -> bool:
    """Whether the film's first plane is all that is wanted: it has no other, or gray frames are asked for."""
    first = video.pixel_format.planes[0]
    return first == "gray" or (channels == 1 and first == "y")


def _levels(pixels: PixelMap, planes: Planes, channels: int) -> Levels:
    """One frame's planes (1, H, W) as levels."""
    codes = pixels.to_codes(planes)[0]  # CxHxW
    levels = np.asarray((codes.astype(np.uint32) + 128) // 257, np.uint8)
    if channels == 1:
        gray = levels[0] if len(levels) == 1 else cv2.cvtColor(levels.transpose(1, 2, 0), cv2.COLOR_RGB2GRAY)
        return np.asarray(gray, np.uint8)
    return np.ascontiguousarray(np.broadcast_to(levels, (3, *levels.shape[1:])).transpose(1, 2, 0))
