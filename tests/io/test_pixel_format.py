"""Pixel formats: what the store keeps, and how others come into it."""

import av
import numpy as np
import pytest

from reelfix.io.errors import SourceError
from reelfix.io.pixel_format import PixelFormat, store_path


@pytest.mark.parametrize(
    ("name", "planes", "depth", "dtype", "chroma"),
    [
        ("gray", ("gray",), 8, np.uint8, (17, 19)),
        ("gray16le", ("gray",), 16, np.uint16, (17, 19)),
        ("yuv420p", ("y", "u", "v"), 8, np.uint8, (9, 10)),
        ("yuvj422p", ("y", "u", "v"), 8, np.uint8, (17, 10)),
        ("yuv411p", ("y", "u", "v"), 8, np.uint8, (17, 5)),
        ("yuv410p", ("y", "u", "v"), 8, np.uint8, (5, 5)),
        ("yuv440p12le", ("y", "u", "v"), 12, np.uint16, (9, 19)),
        ("yuv444p14le", ("y", "u", "v"), 14, np.uint16, (17, 19)),
        ("gbrp", ("g", "b", "r"), 8, np.uint8, (17, 19)),
        ("gbrp9le", ("g", "b", "r"), 9, np.uint16, (17, 19)),
    ],
)
def test_planar(
    name: str, planes: tuple[str, ...], depth: int, dtype: type[np.unsignedinteger], chroma: tuple[int, int]
) -> None:
    found = PixelFormat.parse(name)
    assert (found.planes, found.depth, found.dtype, found.peak) == (planes, depth, dtype, 2**depth - 1)
    assert found.plane_shape(planes[0], 17, 19) == (17, 19)
    if found.is_yuv:
        assert found.plane_shape("v", 17, 19) == chroma
    sizes = 17 * 19 + (len(planes) - 1) * chroma[0] * chroma[1]
    assert found.frame_bytes(17, 19) == sizes * np.dtype(dtype).itemsize


@pytest.mark.parametrize(
    "name", ["rgb24", "yuv420p11le", "gray32", "nonsense", "yuva420p", "gbrp12be", "yuv421p"]
)
def test_not_planar(name: str) -> None:
    with pytest.raises(SourceError, match=f"'{name}' is not one the frame store keeps"):
        PixelFormat.parse(name)


@pytest.mark.parametrize(
    ("source", "target", "drops_alpha", "is_lossless", "is_direct", "beside_alpha"),
    [
        ("yuv422p10le", "yuv422p10le", False, True, True, None),
        ("yuv422p10be", "yuv422p10le", False, True, False, None),
        ("rgb48be", "gbrp16le", False, True, False, None),
        ("pal8", "gbrp", False, True, False, None),
        ("rgba", "gbrp", True, True, False, None),
        ("yuva444p12be", "yuv444p12le", True, True, False, "yuva444p12le"),
        ("gbrap10le", "gbrp10le", True, True, False, "gbrap10le"),
        ("gbrpf32le", "gbrp16le", False, False, False, None),
        ("gbrapf32be", "gbrp16le", True, False, False, None),
    ],
)
def test_store_path(
    source: str, target: str, drops_alpha: bool, is_lossless: bool, is_direct: bool, beside_alpha: str | None
) -> None:
    path = store_path(source)
    assert (path.format.name, path.drops_alpha, path.is_lossless) == (target, drops_alpha, is_lossless)
    assert (path.is_direct, path.planar_with_alpha) == (is_direct, beside_alpha)


@pytest.mark.parametrize("name", ["rgb565le", "bayer_rggb8", "xyz12le", "yuv420p11le", "gray32le"])
def test_no_way_into_the_store(name: str) -> None:
    with pytest.raises(
        SourceError, match=f"'{name}' has no lossless planar equivalent .* Convert the source"
    ):
        store_path(name)


def test_planar_formats_agree_with_ffmpegs_own_description() -> None:
    for name in (
        "gray",
        "gray12le",
        "yuv410p",
        "yuv411p",
        "yuv420p10le",
        "yuv440p",
        "yuv444p16le",
        "gbrp14le",
    ):
        theirs, ours = av.VideoFormat(name, 64, 64), PixelFormat.parse(name)
        assert [component.bits for component in theirs.components] == [ours.depth] * len(ours.planes)
        if ours.is_yuv:
            assert (theirs.chroma_height(), theirs.chroma_width()) == ours.plane_shape("u", 64, 64)
