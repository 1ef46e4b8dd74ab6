"""Ranges and depths are turned by the nearest whole number: nothing is shifted in the mean."""

import numpy as np
import pytest

from reelfix.io.code_values import LimitedRange, narrowed_format, widen
from reelfix.io.picture import Converter, plane_samples
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.tags import PictureTags

H = W = 256


def ramps(kept: PixelFormat) -> dict[str, np.ndarray]:
    """Luma across, chroma down, each over all that its range has."""
    planes = {}
    for name in kept.planes:
        rows, columns = kept.plane_shape(name, H, W)
        is_chroma = name in ("u", "v")
        ramp = np.rint(np.linspace(0, kept.peak, rows if is_chroma else columns))
        planes[name] = np.empty((rows, columns), kept.dtype)
        planes[name][:] = ramp[:, None] if is_chroma else ramp
    return planes


@pytest.mark.parametrize("target", ["yuv422p10le", "yuv420p", "yuv444p10le"])
@pytest.mark.parametrize(
    "name",
    ["yuv444p", "yuvj444p", "yuv422p", "yuv422p10le", "yuv444p10le", "yuv444p16le", "gray", "gray16le"],
)
def test_full_range_becomes_limited_to_half_a_code(name: str, target: str) -> None:
    """Whatever the way: more bits, other chroma samples, or neither. To fewer bits the scaler dithers."""
    kept, given = PixelFormat.parse(name), PixelFormat.parse(target)
    tags = PictureTags(color_range="pc", color_matrix="smpte170m")
    converter = Converter(kept, target, height=H, width=W, tags=tags, limited_range=True)
    picture = ramps(kept)
    frame = converter.convert(picture)
    unit = 1 << (given.depth - 8)
    tones = picture[kept.planes[0]].astype(float)
    luma = plane_samples(frame, 0) - unit * (16 + 219 * tones / kept.peak)
    most = 0.52 if kept.depth <= given.depth else 1.0
    assert np.abs(luma).max() < most
    assert abs(luma.mean()) < 0.02
    assert converter.tags.color_range == "tv"
    assert not converter.keeps_code_values
    if given.log2_chroma_height == 0 and kept.is_yuv:
        neutral = (kept.peak + 1) // 2
        meant = unit * (128 + 224 * (picture["u"][:, :1].astype(float) - neutral) / kept.peak)
        chroma = plane_samples(frame, 1) - meant
        assert np.abs(chroma).max() < most
        assert abs(chroma.mean()) < 0.03


def test_limited_range_of_more_bits_is_rounded_not_cut_off() -> None:
    kept, target = PixelFormat.parse("gray16le"), PixelFormat.parse("yuv422p10le")
    way = LimitedRange.of(kept, target, is_full=False)
    gray = np.array([[64 * 300 + 31, 64 * 300 + 32, 64 * 300 + 63, 65535]], np.uint16)
    planes = way.convert({"gray": gray})
    assert planes["y"].tolist() == [[300, 301, 301, 1023]]
    assert (planes["u"] == 512).all()
    assert planes["u"].shape == (1, 2)


def test_narrowed_formats_keep_the_chroma_samples() -> None:
    """And take the deeper of both depths, where there is such a format."""
    ten, eight = PixelFormat.parse("yuv422p10le"), PixelFormat.parse("yuv420p")
    names = {
        ("yuvj420p", ten): "yuv420p10le",
        ("yuv444p16le", ten): "yuv444p16le",
        ("yuvj422p", eight): "yuv422p",
        ("yuv411p", ten): "yuv411p",
    }
    for (source, target), name in names.items():
        assert narrowed_format(PixelFormat.parse(source), target).name == name


def test_widening_goes_back() -> None:
    eight, ten = PixelFormat.parse("gbrp"), PixelFormat.parse("gbrp10le")
    values = np.arange(256, dtype=np.uint8)[None]
    wide = widen({"g": values}, eight, ten)["g"].astype(int)
    assert wide[0, -1] == 1023
    assert (np.rint(wide * 255 / 1023) == values).all()
