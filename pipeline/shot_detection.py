"""Where the cuts are: PySceneDetect's adaptive detector, on luma from which flicker has been taken out."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
import numpy.typing as npt
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from reelfix.io.frame_store import FrameStore, Planes
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.shots import Shot

Picture = npt.NDArray[np.uint8]
"""(h, w): a frame as the detector sees it."""

MIN_SHOT_SECONDS = 0.5
"""Cuts that follow the last one sooner than this are taken for splices, flashes or damage."""

_WIDTH = 96
"""Pixels across the picture that the detector sees: what dirt and grain do is gone, composition is not."""
_READ_BYTES = 32 * 2**20
_REACH = 2
"""Frames to each side that a picture is steadied with."""
_SPREAD = 48.0
"""Standard deviation that every picture is brought to, in 8-bit code values."""
_LEAST_SPREAD = 0.02
"""Contrast (of the peak) below which a picture is held to be empty, and its grain is not blown up."""

# The detector's scores are mean absolute differences of such pictures. Two that have nothing in common
# differ by about 1.1 * _SPREAD = 54; neighbours within a shot by 3 to 15, more in fast motion.
_MIN_SCORE = 17.0
_ADAPTIVE_RATIO = 2.5
_WINDOW = 3


def detect_shots(
    store: FrameStore,
    pixel_map: PixelMap,
    rate: float,
    progress: Callable[[int], None] | None = None,
) -> tuple[Shot, ...]:
    """Cut the store's frames into shots at hard cuts; always at least one shot.

    Reads a few frames at a time, so that memory does not grow with the reel. `rate` in frames/s;
    `progress` is told the number of frames seen so far.
    """
    detector = AdaptiveDetector(
        adaptive_threshold=_ADAPTIVE_RATIO,
        min_scene_len=min_shot_frames(rate),
        window_width=_WINDOW,
        min_content_val=_MIN_SCORE,
        luma_only=True,
    )
    cuts: list[int] = []
    for frame, picture in enumerate(steadied(_pictures(store, pixel_map))):
        # The detector counts frames; at 1 frame/s its clock is their number, whatever the reel's rate.
        found = detector.process_frame(FrameTimecode(frame, fps=1.0), cv2.merge([picture] * 3))
        cuts.extend(cut.frame_num for cut in found)
        if progress is not None:
            progress(frame + 1)
    edges = [0, *(cut for cut in cuts if cut > 0), store.frame_count]
    return tuple(
        Shot(number, start, stop) for number, (start, stop) in enumerate(itertools.pairwise(edges), start=1)
    )


def min_shot_frames(rate: float) -> int:
    """Frames of the shortest shot that is looked for, at `rate` frames/s."""
    return max(2, round(MIN_SHOT_SECONDS * rate))


def _pictures(store: FrameStore, pixel_map: PixelMap) -> Iterator[Picture]:
    """Yield every frame's small deflickered luma, (h, w) uint8."""
    step = max(
        1,
        min(store.frames_per_shard, _READ_BYTES // store.pixel_format.frame_bytes(store.height, store.width)),
    )
    names = ("g", "b", "r") if store.pixel_format.planes == ("g", "b", "r") else store.pixel_format.planes[:1]
    if pixel_map.is_monochrome:
        names = names[:1]
    for start in range(0, store.frame_count, step):
        planes = store.read(start, min(start + step, store.frame_count), names)
        for index in range(len(planes[names[0]])):
            yield deflickered(_small_luma(planes, index, pixel_map))


def steadied(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """Replace every picture by the median, pixel by pixel, of the five about it; the ends are repeated.

    A flash, a torn or doubled frame, a blotch of one or two frames vanishes; a cut stays where it is.
    """
    window: deque[Picture] = deque(maxlen=2 * _REACH + 1)
    for picture in pictures:
        window.extend([picture] * (1 if window else _REACH + 1))
        if len(window) == window.maxlen:
            yield _median(window)
    for _ in range(max(0, min(_REACH, len(window) - _REACH))):
        window.append(window[-1])
        yield _median(window)


def _median(pictures: Iterable[Picture]) -> Picture:
    stack = np.stack(list(pictures))
    middle = len(stack) // 2
    return np.asarray(np.partition(stack, middle, axis=0)[middle])


def _small_luma(planes: Planes, index: int, pixel_map: PixelMap) -> npt.NDArray[np.float32]:
    """Luma of one frame in [0, 1], averaged down to `_WIDTH` across (smaller pictures stay)."""
    small = {
        name: _shrunk(values[index]) / np.float32(pixel_map.pixel_format.peak)
        for name, values in planes.items()
    }
    if len(small) == 1:
        return next(iter(small.values()))
    red, blue = pixel_map.red_weight, pixel_map.blue_weight
    luma = red * small["r"] + (1 - red - blue) * small["g"] + blue * small["b"]
    return np.asarray(luma, dtype=np.float32)


def _shrunk(plane: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.float32]:
    height, width = plane.shape
    scale = min(1.0, _WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def deflickered(luma: npt.NDArray[np.float32]) -> Picture:
    """Bring luma (h, w) in [0, 1] to one mean and one contrast, so that a change of light makes no cut.

    The picture is blurred a little (grain, dirt, gate weave), its own broad shading is taken off (uneven
    flicker, a vignette that breathes), and what is left is scaled to a standard deviation of 48 about 128:
    any gain, offset and slow spatial change of them cancels. An empty picture stays flat.
    """
    height, width = luma.shape
    soft = cv2.GaussianBlur(luma, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    shading = cv2.GaussianBlur(soft, (0, 0), max(height, width) / 4, borderType=cv2.BORDER_REPLICATE)
    detail = soft - shading
    spread = max(float(detail.std()), _LEAST_SPREAD)
    levelled = np.rint(128 + (_SPREAD / spread) * (detail - detail.mean()))
    return np.asarray(np.clip(levelled, 0, 255), dtype=np.uint8)
