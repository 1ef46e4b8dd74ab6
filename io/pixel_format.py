"""Planar pixel formats, as the frame store keeps them, and the lossless way into them from any other."""

import re
from dataclasses import dataclass

import numpy as np

from reelfix.io.errors import SourceError

_SUBSAMPLING = {"410": (2, 2), "411": (2, 0), "420": (1, 1), "422": (1, 0), "440": (0, 1), "444": (0, 0)}
_DEPTHS = (8, 9, 10, 12, 14, 16)

# Packed, semi-planar and palette formats, and the planar one that holds the same code values.
_PLANAR_EQUIVALENT = {
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    "uyyvyy411": "yuv411p",
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "nv20le": "yuv422p10le",
    "nv24": "yuv444p",
    "nv42": "yuv444p",
    "p010le": "yuv420p10le",
    "p012le": "yuv420p12le",
    "p016le": "yuv420p16le",
    "p210le": "yuv422p10le",
    "p212le": "yuv422p12le",
    "p216le": "yuv422p16le",
    "p410le": "yuv444p10le",
    "p412le": "yuv444p12le",
    "p416le": "yuv444p16le",
    "y210le": "yuv422p10le",
    "y212le": "yuv422p12le",
    "y216le": "yuv422p16le",
    "xv30le": "yuv444p10le",
    "xv36le": "yuv444p12le",
    "rgb24": "gbrp",
    "bgr24": "gbrp",
    "0rgb": "gbrp",
    "rgb0": "gbrp",
    "0bgr": "gbrp",
    "bgr0": "gbrp",
    "pal8": "gbrp",
    "x2rgb10le": "gbrp10le",
    "rgb48le": "gbrp16le",
    "bgr48le": "gbrp16le",
    "rgb48be": "gbrp16le",
    "bgr48be": "gbrp16le",
    "monow": "gray",
    "monob": "gray",
}
_WITH_ALPHA = {
    "ya8": "gray",
    "ya16le": "gray16le",
    "ya16be": "gray16le",
    "rgba": "gbrp",
    "bgra": "gbrp",
    "argb": "gbrp",
    "abgr": "gbrp",
    "rgba64le": "gbrp16le",
    "rgba64be": "gbrp16le",
    "bgra64le": "gbrp16le",
    "bgra64be": "gbrp16le",
}
_FLOAT = {"grayf32le": "gray16le", "gbrpf32le": "gbrp16le", "gbrapf32le": "gbrp16le", "rgbaf16le": "gbrp16le"}


@dataclass(frozen=True)
class PixelFormat:
    """A planar, little-endian pixel format under ffmpeg's name (`gray`, `yuv422p10le`, `gbrp16le`)."""

    name: str
    planes: tuple[str, ...]
    """`("gray",)`, `("y", "u", "v")` or `("g", "b", "r")`: ffmpeg's order."""
    depth: int
    log2_chroma_width: int
    log2_chroma_height: int

    @classmethod
    def parse(cls, name: str) -> "PixelFormat":
        """Read ffmpeg's name of a planar format; raises SourceError for any other."""
        found = re.fullmatch(r"gray(\d+)?(?:le)?|yuvj?(4\d\d)p(\d+)?(?:le)?|gbrp(\d+)?(?:le)?", name)
        if found is None:
            raise SourceError(f"pixel format {name!r} is not one the frame store keeps.")
        gray_depth, subsampling, yuv_depth, gbr_depth = found.groups()
        depth = int(gray_depth or yuv_depth or gbr_depth or 8)
        if depth not in _DEPTHS or (subsampling is not None and subsampling not in _SUBSAMPLING):
            raise SourceError(f"pixel format {name!r} is not one the frame store keeps (depths {_DEPTHS}).")
        if name.startswith("gray"):
            return cls(name, ("gray",), depth, 0, 0)
        if name.startswith("gbrp"):
            return cls(name, ("g", "b", "r"), depth, 0, 0)
        return cls(name, ("y", "u", "v"), depth, *_SUBSAMPLING[str(subsampling)])

    @property
    def dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        """uint8 up to 8 bits a sample, else uint16."""
        return np.dtype(np.uint8) if self.depth <= 8 else np.dtype(np.uint16)

    @property
    def peak(self) -> int:
        """The largest code value: `2 ** depth - 1`."""
        return (1 << self.depth) - 1

    @property
    def is_yuv(self) -> bool:
        """Whether the planes are luma and chroma."""
        return self.planes[0] == "y"

    def plane_shape(self, plane: str, height: int, width: int) -> tuple[int, int]:
        """Height and width of one plane of a frame of `height` x `width` (odd sizes round up)."""
        if plane in ("u", "v"):
            return -(-height >> self.log2_chroma_height), -(-width >> self.log2_chroma_width)
        return height, width

    def frame_bytes(self, height: int, width: int) -> int:
        """Bytes of one frame, without padding."""
        shapes = (self.plane_shape(plane, height, width) for plane in self.planes)
        return sum(rows * columns for rows, columns in shapes) * self.dtype.itemsize


@dataclass(frozen=True)
class StorePath:
    """How frames of one source format reach the store."""

    source: str
    format: PixelFormat
    """What the store keeps."""
    drops_alpha: bool
    is_lossless: bool
    """False only for floating-point pictures, which are rounded to 16 bits."""

    @property
    def is_direct(self) -> bool:
        """Whether the decoder's planes are stored as they are."""
        return self.source == self.format.name

    @property
    def planar_with_alpha(self) -> str | None:
        """The source's own planar format, little-endian, where the store's planes are its first ones."""
        little = re.sub(r"be$", "le", self.source)
        return little if self.drops_alpha and re.match(r"(yuv|gbr)a", little) and self.is_lossless else None


def store_path(pix_fmt: str) -> StorePath:
    """Say how the store keeps frames of ffmpeg's `pix_fmt`; raises SourceError where it cannot."""
    little = re.sub(r"be$", "le", pix_fmt)
    if pix_fmt in _PLANAR_EQUIVALENT or little in _PLANAR_EQUIVALENT:
        target = _PLANAR_EQUIVALENT.get(pix_fmt) or _PLANAR_EQUIVALENT[little]
        return StorePath(pix_fmt, PixelFormat.parse(target), False, True)
    if pix_fmt in _WITH_ALPHA:
        return StorePath(pix_fmt, PixelFormat.parse(_WITH_ALPHA[pix_fmt]), True, True)
    if little in _FLOAT:
        return StorePath(pix_fmt, PixelFormat.parse(_FLOAT[little]), little == "gbrapf32le", False)
    without_alpha = re.sub(r"^(yuv|gbr)a", r"\1", little)
    try:
        return StorePath(pix_fmt, PixelFormat.parse(without_alpha), without_alpha != little, True)
    except SourceError as error:
        raise SourceError(
            f"pixel format {pix_fmt!r} has no lossless planar equivalent that the frame store keeps. "
            "Convert the source with ffmpeg to a gray, yuv, rgb or gbr format of 8 to 16 bits first."
        ) from error
