"""The codecs of masters, as data. To add one: add an entry to `CODECS`."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reelfix.io.errors import DeliveryError
from reelfix.io.pixel_format import PixelFormat

_FULL_HD = 1280 * 720
_UHD = 3840 * 2160


@dataclass(frozen=True)
class MasterCodec:
    """How a master is encoded, and what holds it."""

    name: str
    encoder: str
    """libavcodec's encoder."""
    container: str | None
    """libavformat's muxer; None for an image sequence, one file per frame."""
    suffix: str
    """Of the file; of an image sequence: of each picture."""
    pixel_format: Callable[[PixelFormat], str]
    """The encoder's pixel format for frames of a store's format."""
    size_options: Callable[[PixelFormat, int, int], Mapping[str, str]] = lambda source, height, width: {}
    """Options that follow from the store's format, height and width."""
    options: Mapping[str, str] = field(default_factory=dict)
    is_lossless: bool = True
    """Whether the encoder gives back the pictures it was given, bit for bit."""
    is_limited_range: bool = False
    """Whether pictures must be limited-range Y'CbCr; full-range ones are converted."""
    frame_threads: bool = False
    """Threads take a frame each; else the slices of one frame."""
    typical_ratio: float = 0.3
    """Bytes written per byte of raw picture, at the low end: a disk without this much is refused at once."""

    @property
    def is_sequence(self) -> bool:
        """Whether the master is a folder of pictures."""
        return self.container is None

    def encoder_options(self, source: PixelFormat, height: int, width: int) -> dict[str, str]:
        """Return the encoder's options for frames of a store's format, of this size."""
        return {**self.options, **self.size_options(source, height, width)}


def _ffv1_format(source: PixelFormat) -> str:
    # FFV1 has no planar 8-bit RGB: the same code values go in as bgr0 (its fourth byte is not coded).
    if source.name == "gbrp":
        return "bgr0"
    return source.name.replace("yuvj", "yuv")


def _ffv1_slices(source: PixelFormat, height: int, width: int) -> Mapping[str, str]:
    """Slices, each decodable and checked by itself: 4 in small frames, 16 from HD, 24 from UHD on.

    The nearest number that the encoder can cut the frame into, so that no slice ends within a chroma sample.
    """
    area = height * width
    wanted = 24 if area >= _UHD else 16 if area >= _FULL_HD else 4
    possible = _possible_slices(source, height, width)
    if not possible:
        raise DeliveryError(
            f"FFV1 cannot cut frames of {width} x {height} into slices: use tiff, png or dpx."
        )
    return {"slices": str(min((count for count in possible if count >= wanted), default=max(possible)))}


def _possible_slices(source: PixelFormat, height: int, width: int) -> list[int]:
    """The numbers of slices that libavcodec's FFV1 encoder accepts (level 3; as encode_init there has it)."""
    rows, columns = source.plane_shape("u" if source.is_yuv else source.planes[0], height, width)
    least = 2 if width > 352 or height > 288 else 1
    return sorted(
        across * down
        for down in range(min(least, rows), 9)
        for across in range(down, 2 * down + 1)
        if across <= columns
        and down <= rows
        and not _splits_chroma(width, across, source.log2_chroma_width)
        and not _splits_chroma(height, down, source.log2_chroma_height)
    )


def _splits_chroma(size: int, slices: int, log2_step: int) -> bool:
    step = 1 << log2_step
    return size % step != 0 and (size - size * (slices - 1) // slices) % step == 0


def _rgb(source: PixelFormat, *, packed_8: str, packed_16: str, gray_8: str, gray_16: str) -> str:
    deep = source.depth > 8
    if source.planes == ("gray",):
        return gray_16 if deep else gray_8
    return packed_16 if deep else packed_8


def _dpx_format(source: PixelFormat) -> str:
    """DPX keeps 10 and 12 bits of RGB as they are; 9 go into 10, 14 and gray above 8 into 16."""
    if source.planes != ("gray",) and source.depth in (9, 10, 12):
        return "gbrp12le" if source.depth == 12 else "gbrp10le"
    return _rgb(source, packed_8="rgb24", packed_16="rgb48le", gray_8="gray", gray_16="gray16le")


def _tiff_format(source: PixelFormat) -> str:
    return _rgb(source, packed_8="rgb24", packed_16="rgb48le", gray_8="gray", gray_16="gray16le")


def _png_format(source: PixelFormat) -> str:
    return _rgb(source, packed_8="rgb24", packed_16="rgb48be", gray_8="gray", gray_16="gray16be")


def _prores(name: str, profile: str, pixel_format: str) -> MasterCodec:
    """ProRes by libavcodec, which draws the mean of a picture towards mid-grey by less than half a code.

    `prores_ks` and `prores_aw` divide a block's mean, less 512, by the quantiser and cut off what is left
    instead of rounding (`encode_dcs`): below mid-grey a block comes out lighter, above it darker, by half a
    quantiser's step on the average. Of 10-bit codes, on a ramp with grain of 2, 8, 24 (standard deviation):
    hq 0.05, 0.07, 0.18; standard 0.06, 0.08, 0.23; proxy 0.49, 0.25, 0.31. Neutral chroma is exact.
    No option of the encoders rounds; the conversion before them adds nothing (`code_values`).
    """
    return MasterCodec(
        name=name,
        encoder="prores_ks",
        container="mov",
        suffix=".mov",
        pixel_format=lambda source: pixel_format,
        options={"profile": profile, "vendor": "apl0"},
        is_lossless=False,
        is_limited_range=True,
        frame_threads=True,
        typical_ratio=0.02,
    )


CODECS: Mapping[str, MasterCodec] = {
    codec.name: codec
    for codec in (
        MasterCodec(
            name="ffv1",
            encoder="ffv1",
            container="matroska",
            suffix=".mkv",
            pixel_format=_ffv1_format,
            size_options=_ffv1_slices,
            # Measured on grainy film, every frame a key frame (g 1): the small context model is both smaller
            # and faster than the large one; the range coder is 2 to 3 % smaller than Golomb-Rice, and takes a
            # sixth more time.
            options={"level": "3", "g": "1", "slicecrc": "1", "coder": "range_tab", "context": "0"},
            typical_ratio=0.1,
        ),
        _prores("prores-hq", "hq", "yuv422p10le"),
        _prores("prores-422", "standard", "yuv422p10le"),
        _prores("prores-lt", "lt", "yuv422p10le"),
        _prores("prores-proxy", "proxy", "yuv422p10le"),
        _prores("prores-4444", "4444", "yuv444p10le"),
        MasterCodec("dpx", "dpx", None, ".dpx", _dpx_format, typical_ratio=0.9),
        MasterCodec(
            "tiff",
            "tiff",
            None,
            ".tiff",
            _tiff_format,
            options={"compression_algo": "raw"},
            typical_ratio=0.9,
        ),
        MasterCodec(
            "png",
            "png",
            None,
            ".png",
            _png_format,
            options={"pred": "mixed"},
            frame_threads=True,
            typical_ratio=0.1,
        ),
        MasterCodec(
            name="h264",
            encoder="libx264",
            container="mp4",
            suffix=".mp4",
            pixel_format=lambda source: "yuv420p",
            options={"crf": "20", "preset": "medium"},
            is_lossless=False,
            is_limited_range=True,
            typical_ratio=0.002,
        ),
    )
}


def codec_named(name: str) -> MasterCodec:
    """Return the codec `name`; raises DeliveryError for one there is not, naming the nearest."""
    if name in CODECS:
        return CODECS[name]
    near = difflib.get_close_matches(name, CODECS, n=1, cutoff=0.0)
    raise DeliveryError(
        f"there is no codec {name!r}; did you mean {near[0]!r}? There are: {', '.join(CODECS)}."
    )
