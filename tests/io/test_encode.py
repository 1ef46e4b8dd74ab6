"""Encoders: each codec takes every format of the store, at any size, and gives what was put in."""

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelfix.io.codecs import CODECS, codec_named
from reelfix.io.encode import PIPED, EncoderSettings, SequenceEncoder, StreamEncoder
from reelfix.io.errors import DeliveryError
from reelfix.io.ffmpeg import describe, ffmpeg_binary
from reelfix.io.picture import Converter, Picture, frame_digest, make_frame, picture_digest
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.tags import PictureTags

FORMATS = [
    *(f"gray{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(f"yuv420p{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(f"yuv422p{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(f"yuv444p{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *("yuv410p", "yuv411p", "yuv440p", "yuvj420p"),
    *(f"gbrp{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
]  # fmt: skip


def noise(name: str, *, height: int, width: int, seed: int = 0) -> Picture:
    kept = PixelFormat.parse(name)
    random = np.random.default_rng(seed)
    return {
        plane: random.integers(0, kept.peak + 1, kept.plane_shape(plane, height, width)).astype(kept.dtype)
        for plane in kept.planes
    }


def encoded(
    name: str,
    codec: str,
    target: Path,
    *,
    height: int,
    width: int,
    count: int = 2,
    tags: PictureTags | None = None,
) -> tuple[Converter, list[Picture]]:
    kept = PixelFormat.parse(name)
    kind = CODECS[codec]
    converter = Converter(
        kept, kind.pixel_format(kept), height=height, width=width, tags=tags or PictureTags(),
        limited_range=kind.is_limited_range,
    )  # fmt: skip
    settings = EncoderSettings(
        codec=kind,
        source=kept,
        pixel_format=converter.target,
        height=converter.height,
        width=converter.width,
        rate=Fraction(25),
        time_base=Fraction(1, 25),
        tags=converter.tags,
        thread_count=2,
    )
    pictures = [noise(name, height=height, width=width, seed=seed) for seed in range(count)]
    if kind.is_sequence:
        target.mkdir()
        encoder: SequenceEncoder | StreamEncoder = SequenceEncoder(target, "p", 7, settings)
    else:
        encoder = StreamEncoder(str(target), settings)
    for place, picture in enumerate(pictures):
        encoder.add(converter.convert(picture), place, 1)
    encoder.finish()
    return converter, pictures


def decoded(path: str, pix_fmt: str, *before: str) -> list[str]:
    command = [
        ffmpeg_binary(),
        "-v",
        "error",
        *before,
        "-i",
        path,
        "-pix_fmt",
        pix_fmt,
        "-f",
        "framemd5",
        "-",
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split(",")[5].strip() for line in output.splitlines() if line[0] != "#"]


@pytest.mark.parametrize("name", FORMATS)
def test_ffv1_gives_back_every_format(name: str, tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    tags = PictureTags(color_range="pc" if "yuvj" in name else "unknown")
    converter, pictures = encoded(name, "ffv1", target, height=18, width=34, tags=tags)
    assert converter.keeps_code_values
    assert decoded(str(target), name) == [picture_digest(picture, converter.source) for picture in pictures]


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 40), (16, 16), (17, 19), (33, 31)])
@pytest.mark.parametrize("codec", ["ffv1", "prores-hq", "prores-4444", "h264", "png"])
def test_any_size(size: tuple[int, int], codec: str, tmp_path: Path) -> None:
    if codec.startswith("prores") and min(size) < 2:
        pytest.skip("ProRes has no pictures of one line or column")
    height, width = size
    target = tmp_path / "a"
    converter, _ = encoded("yuv420p", codec, target, height=height, width=width, count=3)
    at = (
        (f"{target}/p.%07d.png", "-start_number", "7")
        if codec == "png"
        else (str(target), "-f", PIPED[str(CODECS[codec].container)])
    )
    assert len(decoded(at[0], converter.target, *at[1:])) == 3
    assert (converter.height, converter.width) in {size, (height + height % 2, width + width % 2)}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("codec", ["dpx", "tiff", "png"])
def test_sequences_take_every_format(name: str, codec: str, tmp_path: Path) -> None:
    target = tmp_path / "a"
    converter, pictures = encoded(name, codec, target, height=18, width=34)
    assert sorted(path.name for path in target.iterdir()) == [f"p.0000007.{codec}", f"p.0000008.{codec}"]
    meant = [frame_digest(converter.convert(picture)) for picture in pictures]
    assert decoded(f"{target}/p.%07d.{codec}", converter.target, "-start_number", "7") == meant
    depth = PixelFormat.parse(name).depth
    assert ("gray" in converter.target) == name.startswith("gray")
    bits = int((re.findall(r"\d+", converter.target) or ["8"])[0])
    assert {24: 8, 48: 16}.get(bits, bits) >= depth


@pytest.mark.parametrize("name", ["gray", "gray12le", "yuv420p", "yuv444p16le", "gbrp", "gbrp10le"])
@pytest.mark.parametrize("codec", [name for name in CODECS if name.startswith("prores") or name == "h264"])
def test_delivery_codecs_take_every_kind(name: str, codec: str, tmp_path: Path) -> None:
    target = tmp_path / "a"
    converter, _ = encoded(name, codec, target, height=32, width=48)
    assert len(decoded(str(target), "yuv422p10le")) == 2
    report = describe(str(target), {})
    marks = {
        "prores-hq": "apch", "prores-422": "apcn", "prores-lt": "apcs", "prores-proxy": "apco",
        "prores-4444": "ap4h", "h264": "h264",
    }  # fmt: skip
    assert marks[codec] in report
    if not name.startswith("yuv"):
        assert converter.tags.color_range == "tv"
        assert converter.tags.color_matrix == "smpte170m"


def test_gray_keeps_its_tones_in_prores(tmp_path: Path) -> None:
    """Full-range gray becomes limited-range luma: black 64, white 940, chroma neutral."""
    kept = PixelFormat.parse("gray")
    converter = Converter(kept, "yuv422p10le", height=16, width=16, tags=PictureTags(), limited_range=True)
    for value, meant in ((0, 64), (255, 940), (128, 64 + 876 * 128 / 255)):
        frame = converter.convert({"gray": np.full((16, 16), value, np.uint8)})
        planes = [np.frombuffer(plane, np.uint16)[:4] for plane in frame.planes]
        assert planes[0] == pytest.approx(meant, abs=1)
        assert (planes[1] == 512).all()
        assert (planes[2] == 512).all()


def test_limited_range_yuv_keeps_its_code_values_in_prores() -> None:
    kept = PixelFormat.parse("yuv422p")
    converter = Converter(kept, "yuv422p10le", height=16, width=16, tags=PictureTags(), limited_range=True)
    picture = {
        "y": np.full((16, 16), 77, np.uint8),
        "u": np.full((16, 8), 101, np.uint8),
        "v": np.full((16, 8), 9, np.uint8),
    }
    frame = converter.convert(picture)
    assert [int(np.frombuffer(plane, np.uint16)[0]) for plane in frame.planes] == [77 * 4, 101 * 4, 9 * 4]


@pytest.mark.parametrize(("matrix", "red"), [("bt709", (63, 102, 240)), ("smpte170m", (81, 90, 240))])
def test_colour_becomes_rgb_by_the_tagged_matrix(matrix: str, red: tuple[int, int, int]) -> None:
    tags = PictureTags(color_range="tv", color_matrix=matrix)
    converter = Converter(PixelFormat.parse("yuv444p"), "rgb24", height=16, width=16, tags=tags)
    picture = {name: np.full((16, 16), value, np.uint8) for name, value in zip("yuv", red, strict=True)}
    assert converter.convert(picture).to_ndarray()[0, 0].astype(int) == pytest.approx([255, 0, 0], abs=2)
    assert converter.tags.color_range == "pc"


def test_pictures_are_the_same_on_every_pass() -> None:
    """Fields of an odd number of chroma lines must not be scaled apart: that reads past the last line."""
    tags = PictureTags(field_order="tt")
    converter = Converter(PixelFormat.parse("yuv420p"), "rgb24", height=34, width=50, tags=tags)
    picture = noise("yuv420p", height=34, width=50)
    assert len({frame_digest(converter.convert(picture)) for _ in range(8)}) == 1


def test_fields_are_marked_on_every_frame(tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    encoded("yuv422p10le", "ffv1", target, height=32, width=32, tags=PictureTags(field_order="tt"))
    shown = subprocess.run(
        [ffmpeg_binary(), "-i", str(target), "-vf", "showinfo", "-f", "null", "-"],
        capture_output=True, text=True, check=False,
    ).stderr  # fmt: skip
    assert shown.count(" i:T ") == 2


def test_frames_carry_planes_and_digest_alike() -> None:
    picture = noise("yuv420p10le", height=9, width=13)
    kept = PixelFormat.parse("yuv420p10le")
    assert frame_digest(make_frame(picture, kept, PictureTags())) == picture_digest(picture, kept)


@pytest.mark.parametrize("name", ["gray", "yuv420p", "yuv411p"])
def test_ffv1_slices_follow_the_size(name: str) -> None:
    kept = PixelFormat.parse(name)
    slices = [
        int(CODECS["ffv1"].encoder_options(kept, *size)["slices"])
        for size in ((480, 640), (1080, 1440), (720, 1280), (2160, 3840), (3112, 4096))
    ]
    assert slices == [4, 16, 16, 24, 24]


@pytest.mark.parametrize("height", [16, 17, 31, 289, 301])
@pytest.mark.parametrize("width", [16, 33, 353, 719])
def test_ffv1_takes_every_number_of_slices_that_is_chosen(height: int, width: int, tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    converter, pictures = encoded("yuv420p", "ffv1", target, height=height, width=width, count=1)
    assert decoded(str(target), "yuv420p") == [picture_digest(pictures[0], converter.source)]


def test_ffv1_says_what_it_cannot_cut() -> None:
    with pytest.raises(DeliveryError, match="353 x 3"):
        CODECS["ffv1"].encoder_options(PixelFormat.parse("yuv420p"), 3, 353)


def test_unknown_codecs_name_the_nearest() -> None:
    with pytest.raises(DeliveryError, match="did you mean 'prores-hq'"):
        codec_named("prores-hd")
