"""Reference pictures: read into R, G, B, and made PNGs."""

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.errors import UsageError

Rgb = npt.NDArray[np.float32]
"""(H, W, 3): R, G, B in [0, 1]."""

_LEAST_COLOUR = 6 / 255
"""Difference between a picture's channels below which it has no colours to give."""


def decoded_rgb(content: bytes, where: str) -> Rgb:
    """Decode a picture; raises UsageError where it cannot be read."""
    buffer = np.frombuffer(content, np.uint8)
    picture = cv2.imdecode(buffer, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH) if content else None
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        raise UsageError(
            f"{where} is not a picture that can be read. Save it as a PNG of 8 or 16 bits, in colour."
        )
    peak = np.float32(65535 if picture.dtype == np.uint16 else 255)
    return np.ascontiguousarray(picture[..., ::-1].astype(np.float32) / peak)


def as_png(content: bytes, where: str) -> bytes:
    """Return a picture as a PNG, as it is where it is one; raises UsageError where it cannot be read."""
    if content.startswith(b"\x89PNG"):
        return content
    rgb = decoded_rgb(content, where)
    made, png = cv2.imencode(".png", np.rint(rgb[..., ::-1] * 255).astype(np.uint8))
    if not made:
        raise UsageError(f"{where} cannot be kept as a PNG. Save it as a PNG of 8 bits, in colour.")
    return png.tobytes()


def check_colours(rgb: Rgb, where: str, use: str = "reference") -> None:
    """Raise UsageError for a picture without colours; `use`: what it is to be."""
    if float(np.ptp(rgb, axis=2).max()) <= _LEAST_COLOUR:
        raise UsageError(f"{where} is gray: a {use} must have the colours that are wanted.")


def within(rgb: Rgb, longest: int) -> Rgb:
    """Shrink a picture to `longest` pixels on its longer side; one that is smaller stays as it is."""
    height, width = rgb.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
