"""Reels to measure on: a grainy texture that pans, of any size and length, made without a source file."""

import itertools
import shutil
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.io.documents import write_json
from reelfix.io.frame_store import FrameStore
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.source_info import SourceInfo, VideoStream
from reelfix.io.storage import as_path
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot, renumber

_PIECE = 64


def textured_frames(start: int, stop: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Frames `[start, stop)` (T, H, W) of a panning texture with dirt and grain, the same for every call."""
    generator = np.random.default_rng(0)
    field = np.zeros((height + 64, width + 512), np.float32)
    for sigma in (2, 6, 18, 50):
        noise = generator.standard_normal(field.shape).astype(np.float32)
        field += cv2.GaussianBlur(noise, (0, 0), sigma) * sigma * 14
    frames = np.empty((stop - start, height, width), np.uint8)
    for index, number in enumerate(range(start, stop)):
        local = np.random.default_rng(number)
        left, top = number * 2 % 500, int(8 + 8 * np.sin(number / 9))
        picture = field[top : top + height, left : left + width] + 120
        picture = picture + local.standard_normal((height, width), dtype=np.float32) * 4
        for x, y in zip(local.integers(0, width, 6), local.integers(0, height, 6), strict=True):
            cv2.circle(picture, (int(x), int(y)), int(local.integers(2, 6)), 240.0, -1)
        frames[index] = np.clip(picture, 0, 255)
    return frames


def make_reel(folder: Path, *, frames: int, height: int, width: int, shots: int = 1) -> Reel:
    """Make an ingested reel of textured frames in `folder`, in place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    root = as_path(folder)
    store = FrameStore.create(root / "source.zarr", PixelFormat.parse("gray"), height=height, width=width)
    step = store.frames_per_shard
    period = textured_frames(0, min(frames, 2 * _PIECE), height, width)
    for start in range(0, frames, step):
        picked = np.arange(start, min(start + step, frames)) % len(period)
        store.write(start, {"gray": period[picked]})
    store.finish(np.arange(frames, dtype=np.int64))
    video = VideoStream(
        index=0,
        codec="none",
        pix_fmt="gray",
        store_pix_fmt="gray",
        width=width,
        height=height,
        rate="24/1",
        time_base="1/24",
    )
    info = SourceInfo(
        path="textured frames",
        kind="file",
        size=0,
        sha256=f"{frames:064x}",
        container="none",
        video=video,
        frame_count=frames,
        is_monochrome=True,
    )
    write_json(root / "reel.json", info.model_dump(mode="json"))
    reel = Reel(root)
    cuts = np.linspace(0, frames, shots + 1).astype(int)
    reel.write_shots(renumber([Shot(0, int(a), int(b)) for a, b in itertools.pairwise(cuts)]))
    return reel
