"""Chroma laid into a master's planes: the colours meant, and luma as it was."""

import numpy as np
import pytest

from reelfix.io.frame_store import Planes
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.source_info import VideoStream
from reelfix.pipeline.colour_planes import ColourPlanes, chroma_of, codes_in_colour, colour_stream
from reelfix.pipeline.pixels import PixelMap, black_and_white
from reelfix.pipeline.products import NEUTRAL

HEIGHT, WIDTH = 10, 14
GRAY = np.full((2, 1, HEIGHT, WIDTH), 30000, np.uint16)
"""Frames of one channel, that have no chroma of their own."""


def stream(name: str, **tags: str) -> VideoStream:
    return VideoStream(
        index=0, codec="ffv1", pix_fmt=name, store_pix_fmt=name, width=WIDTH, height=HEIGHT, rate="24",
        time_base="1/24", **tags,
    )  # fmt: skip


def flat(name: str, value: float, count: int = 2) -> Planes:
    """Gray frames, `value` of the peak."""
    kept = PixelFormat.parse(name)
    neutral = (kept.peak + 1) // 2
    return {
        plane: np.full(
            (count, *kept.plane_shape(plane, HEIGHT, WIDTH)),
            neutral if plane in ("u", "v") else round(value * kept.peak),
            kept.dtype,
        )
        for plane in kept.planes
    }


def chroma_codes(blue: float, red: float, count: int = 2) -> np.ndarray:
    codes = np.empty((count, 2, HEIGHT, WIDTH), np.uint16)
    codes[:, 0], codes[:, 1] = NEUTRAL + round(32767 * blue), NEUTRAL + round(32767 * red)
    return codes


@pytest.mark.parametrize("depth", ["", "9le", "10le", "12le", "14le", "16le"])
def test_gray_becomes_444_of_its_depth_and_range(depth: str) -> None:
    for tag, said in (("unknown", "pc"), ("pc", "pc"), ("tv", "tv")):
        coloured = colour_stream(stream(f"gray{depth}", color_range=tag))
        assert coloured.store_pix_fmt == coloured.pix_fmt == f"yuv444p{depth}"
        assert (coloured.color_range, coloured.color_matrix) == (said, "smpte170m")
        assert coloured.pixel_format.depth == stream(f"gray{depth}").pixel_format.depth
    assert colour_stream(stream("yuv420p")).store_pix_fmt == "yuv420p"
    assert colour_stream(stream("yuv420p", color_matrix="bt709")).color_matrix == "bt709"
    assert colour_stream(stream("gbrp10le")) == stream("gbrp10le")


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("gray", "pc"),
        ("gray", "tv"),
        ("gray12le", "pc"),
        ("yuv420p", "tv"),
        ("yuv422p10le", "tv"),
        ("yuv444p16le", "pc"),
    ],
)
def test_colours_are_those_meant_and_luma_keeps_its_bits(name: str, tag: str) -> None:
    video = stream(name, color_range=tag, color_matrix="smpte170m")
    colour = ColourPlanes.of(video, is_monochrome=True)
    planes = flat(name, 0.5)
    made = colour.coloured(planes, chroma_codes(0.1, -0.05), GRAY)
    assert np.array_equal(made["y"], planes[colour.source.planes[0]])
    for plane in colour.pixel_format.planes:
        assert made[plane].dtype == colour.pixel_format.dtype
        shape = colour.pixel_format.plane_shape(plane, HEIGHT, WIDTH)
        assert made[plane].shape == (2, *shape)
    # Read back as colour film is read: R = Y' + (R'-Y'), B = Y' + (B'-Y').
    codes = PixelMap.of(colour_stream(video), is_monochrome=False).to_codes(made) / 65535
    luma = made["y"][0, 0, 0] / colour.pixel_format.peak
    step = 1.1 / colour.pixel_format.peak + 1 / 32767
    assert codes[:, 2] == pytest.approx(luma + 0.1, abs=step)
    assert codes[:, 0] == pytest.approx(luma - 0.05, abs=step)
    assert codes[:, 1] == pytest.approx(luma + (0.299 * 0.05 - 0.114 * 0.1) / 0.587, abs=step)


def test_full_red_is_where_the_standard_has_it() -> None:
    """R' = 1, G' = B' = 0 at BT.601, limited range: 81, 90, 240."""
    colour = ColourPlanes.of(
        stream("yuv444p", color_range="tv", color_matrix="smpte170m"), is_monochrome=True
    )
    planes = flat("yuv444p", 81 / 255)
    scale = 219 / 255
    made = colour.coloured(planes, chroma_codes(-0.299 * scale, 0.701 * scale), GRAY)
    assert [int(made[name][0, 5, 5]) for name in ("y", "u", "v")] == [81, 90, 240]


@pytest.mark.parametrize("name", ["gray", "gray10le", "yuv420p", "gbrp"])
def test_no_colour_is_neutral(name: str) -> None:
    colour = ColourPlanes.of(stream(name), is_monochrome=True)
    planes = flat(name, 0.4)
    plain = colour.plain(planes)
    made = colour.coloured(planes, chroma_codes(0, 0), GRAY)
    for plane in plain:
        assert np.array_equal(plain[plane], made[plane])
        assert plain[plane].dtype == colour.pixel_format.dtype
    if name != "gbrp":
        assert (plain["u"] == (colour.pixel_format.peak + 1) // 2).all()


@pytest.mark.parametrize("monochrome", [False, True])
def test_rgb_keeps_its_luma(monochrome: bool) -> None:
    colour = ColourPlanes.of(stream("gbrp16le", color_matrix="bt709"), is_monochrome=monochrome)
    planes = flat("gbrp16le", 0.5)
    if not monochrome:
        planes["r"] += 6000
    luma = 0.2126 * planes["r"] + 0.7152 * planes["g"] + 0.0722 * planes["b"].astype(float)
    frames = GRAY
    if not monochrome:
        frames = PixelMap.of(stream("gbrp16le"), is_monochrome=False).to_codes(planes)
    made = colour.coloured(planes, chroma_codes(0.2, -0.1), frames)
    found = 0.2126 * made["r"] + 0.7152 * made["g"] + 0.0722 * made["b"].astype(float)
    assert found == pytest.approx(luma, abs=1)
    assert made["b"] - found == pytest.approx(0.2 * 65535, abs=2)
    assert made["r"] - found == pytest.approx(-0.1 * 65535, abs=2)


def test_pictures_to_look_at_have_the_colours() -> None:
    frames = np.full((2, 1, HEIGHT, WIDTH), 30000, np.uint16)
    seen = codes_in_colour(frames, chroma_codes(0.1, 0.2), 0.299, 0.114).astype(float)
    assert seen[:, 0] == pytest.approx(30000 + 13107, abs=2)
    assert seen[:, 2] == pytest.approx(30000 + 6553, abs=2)
    assert 0.299 * seen[:, 0] + 0.587 * seen[:, 1] + 0.114 * seen[:, 2] == pytest.approx(30000, abs=1)
    three = np.repeat(frames, 3, axis=1)
    assert np.array_equal(codes_in_colour(three, chroma_codes(0.1, 0.2), 0.299, 0.114), seen)


def test_black_and_white_of_a_range() -> None:
    assert black_and_white(stream("gray")) == (0, 1)
    assert black_and_white(stream("yuvj420p")) == (0, 1)
    assert black_and_white(stream("yuv420p")) == (16 / 255, 235 / 255)
    assert black_and_white(stream("gray10le", color_range="tv")) == (64 / 1023, 940 / 1023)


@pytest.mark.parametrize("name", ["yuv420p", "yuv444p10le", "gbrp16le"])
def test_where_chroma_is_the_frames_own_planes_keep_their_bits(name: str) -> None:
    video = stream(name, color_matrix="smpte170m")
    colour, pixel_map = ColourPlanes.of(video, is_monochrome=False), PixelMap.of(video, is_monochrome=False)
    kept, random = PixelFormat.parse(name), np.random.default_rng(0)
    planes = {
        plane: random.integers(
            kept.peak // 3, kept.peak // 2, (2, *kept.plane_shape(plane, HEIGHT, WIDTH))
        ).astype(kept.dtype)
        for plane in kept.planes
    }
    frames = pixel_map.to_codes(planes)
    chroma = chroma_of(frames, 0.299, 0.114)
    for plane, values in colour.coloured(planes, chroma, frames).items():
        assert np.array_equal(values, planes[plane])
    chroma[:, :, :, 8:] = NEUTRAL
    changed = colour.coloured(planes, chroma, frames)
    first, last = ("u", "v") if kept.is_yuv else ("b", "r")
    columns = kept.plane_shape(first, HEIGHT, WIDTH)[1]
    for plane in (first, last):
        assert np.array_equal(changed[plane][..., : columns // 2 - 1], planes[plane][..., : columns // 2 - 1])
        assert not np.array_equal(
            changed[plane][..., columns // 2 + 1 :], planes[plane][..., columns // 2 + 1 :]
        )
