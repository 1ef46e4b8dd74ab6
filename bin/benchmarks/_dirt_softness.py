"""Softness of stored film: pictures scaled, blurred and coded after the damage was done, and dark ones."""

from fractions import Fraction
from io import BytesIO

import av
import cv2
import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.float32]
"""A gray clip, (T, 1, H, W) in [0, 1]; H and W even."""


def dimmed(clip: Frames, random: np.random.Generator) -> Frames:
    """Return a copy of `clip` as dark and flat as badly lit film is."""
    gain, lift = random.uniform(0.25, 1), random.uniform(0, 0.06)
    return np.asarray(clip * np.float32(gain) + np.float32(lift), dtype=np.float32)


def softened(clip: Frames, random: np.random.Generator) -> Frames:
    """Return a copy of `clip` scaled down and up, blurred, or coded as H.264, or two of these."""
    soft = clip
    if random.uniform() < 0.6:
        soft = (_scaled, _blurred)[int(random.integers(2))](soft, random.uniform(0, 1))
    if soft is clip or random.uniform() < 0.6:
        soft = coded(soft, quality=int(random.integers(16, 31)))
    return soft


def coded(clip: Frames, *, quality: int) -> Frames:
    """Return `clip` as it comes out of H.264 with a constant rate factor (0 is lossless, 51 the worst)."""
    file = BytesIO()
    height, width = clip.shape[2:]
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(quality), "threads": "1"}
        for image in clip[:, 0]:
            levels = np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(levels, format="gray8").reformat(
                format="yuv420p", src_color_range="JPEG", dst_color_range="MPEG"
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as container:
        pictures = [
            frame.reformat(format="gray8", src_color_range="MPEG", dst_color_range="JPEG").to_ndarray()
            for frame in container.decode(video=0)
        ]
    return np.stack(pictures)[:, None].astype(np.float32) / np.float32(255)


def _scaled(clip: Frames, amount: float) -> Frames:
    height, width = clip.shape[2:]
    small = (round(width / (1.15 + amount)), round(height / (1.15 + amount)))
    shrunk = [cv2.resize(image, small, interpolation=cv2.INTER_AREA) for image in clip[:, 0]]
    return np.stack([cv2.resize(image, (width, height)) for image in shrunk])[:, None]


def _blurred(clip: Frames, amount: float) -> Frames:
    return np.stack([cv2.GaussianBlur(image, (0, 0), 0.4 + 0.7 * amount) for image in clip[:, 0]])[:, None]
