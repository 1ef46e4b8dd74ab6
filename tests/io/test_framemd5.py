"""The store holds what the stock ffmpeg decodes, for every kind of picture; a difference is named."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelfix.io.decoder_log import listen
from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.io.filters import Filters
from reelfix.io.frame_store import FrameStore
from reelfix.io.framemd5 import Comparison, compare, source_digests
from reelfix.io.frames import FrameReader
from reelfix.io.probe import probe
from reelfix.io.source_info import SourceInfo
from reelfix.io.sources import Source, find_source
from reelfix.io.storage import as_path

MakeSource = Callable[..., Path]

GRAY = ["gray", "gray9le", "gray10le", "gray12le", "gray14le", "gray16le"]
YUV = [
    f"yuv{chroma}p{depth}"
    for chroma in ("420", "422", "444")
    for depth in ("", "9le", "10le", "12le", "14le", "16le")
]
GBR = ["gbrp", "gbrp9le", "gbrp10le", "gbrp12le", "gbrp14le", "gbrp16le"]
BY_FFV1 = [*GRAY, *YUV, *GBR, "yuv410p", "yuv411p", "yuv440p", "bgr0", "rgb48le", "yuva444p10le", "gbrap12le"]
# Packed, semi-planar, palette, big-endian and with alpha, as raw video: pixel format -> store's format.
RAW = {
    "rgb24": "gbrp",
    "bgr24": "gbrp",
    "0rgb": "gbrp",
    "rgba": "gbrp",
    "bgra": "gbrp",
    "rgb48be": "gbrp16le",
    "rgba64le": "gbrp16le",
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "y210le": "yuv422p10le",
    "uyvy422": "yuv422p",
    "yuyv422": "yuv422p",
    "yvyu422": "yuv422p",
    "monow": "gray",
    "monob": "gray",
    "ya8": "gray",
    "gray16be": "gray16le",
    "gray10be": "gray10le",
    "yuv422p10be": "yuv422p10le",
    "gbrp12be": "gbrp12le",
    "yuva420p": "yuv420p",
    "yuva422p10be": "yuv422p10le",
}
CODECS = {
    "mjpeg.avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "mjpeg422.mov": ("-c:v", "mjpeg", "-pix_fmt", "yuvj422p"),
    "v210.mov": ("-c:v", "v210"),
    "prores.mov": ("-c:v", "prores_ks", "-profile:v", "hq"),
    "prores4444.mov": ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"),
    "h264.mp4": ("-c:v", "libx264", "-bf", "2", "-g", "6"),
    "h264-10.mkv": ("-c:v", "libx264", "-pix_fmt", "yuv422p10le", "-qp", "0"),
    "hevc.mkv": ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-bf", "2"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "j2k.mxf": ("-c:v", "jpeg2000", "-pix_fmt", "yuv422p10le"),
    "pal8.mkv": ("-c:v", "png", "-pix_fmt", "pal8"),
    "huffyuv.avi": ("-c:v", "huffyuv", "-pix_fmt", "yuv422p"),
    "utvideo.mov": ("-c:v", "utvideo", "-pix_fmt", "gbrp"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-lag-in-frames", "4", "-auto-alt-ref", "1"),
    "qtrle.mov": ("-c:v", "qtrle", "-pix_fmt", "rgb24"),
    "dv.mov": ("-s", "720x576", "-r", "25", "-c:v", "dvvideo", "-pix_fmt", "yuv420p"),
    "dnxhr.mov": ("-s", "256x120", "-c:v", "dnxhd", "-profile:v", "dnxhr_hq", "-pix_fmt", "yuv422p"),
    "dnxhr444.mxf": ("-s", "256x120", "-c:v", "dnxhd", "-profile:v", "dnxhr_444", "-pix_fmt", "yuv444p10le"),
}
PICTURES = {
    "dpx10": ("dpx", "gbrp10be"),
    "dpx12": ("dpx", "gbrp12be"),
    "dpx16": ("dpx", "rgb48be"),
    "dpx8": ("dpx", "rgb24"),
    "tiff16": ("tiff", "rgb48le"),
    "tiff-gray16": ("tiff", "gray16le"),
    "tiff-mono": ("tiff", "monow"),
    "png8": ("png", "rgb24"),
    "png16": ("png", "rgb48be"),
    "png-alpha": ("png", "rgba"),
    "png-gray": ("png", "gray"),
    "j2k": ("jp2", "rgb48le"),
}


def stored(
    source: Source, folder: Path, *, strict: bool = False, filters: Filters | None = None
) -> tuple[FrameStore, SourceInfo]:
    """Bring a source into a store, and describe it as far as a comparison needs it."""
    probed = probe(source)
    store = FrameStore.create(
        as_path(folder / "source.zarr"),
        probed.store.format,
        height=probed.video.height,
        width=probed.video.width,
    )
    with listen() as log:
        reader = FrameReader(probed, filters=filters, threads=None, strict=strict, log=log)
        frames = list(reader.frames())
    planes = {name: np.stack([frame.planes[name] for frame in frames]) for name in probed.store.format.planes}
    store.write(0, planes)
    store.finish(np.array([frame.pts for frame in frames], dtype=np.int64))
    info = SourceInfo(
        path=source.path,
        kind=source.kind,
        size=source.size,
        sha256="",
        container=probed.container,
        video=probed.video,
        frame_count=len(frames),
        is_monochrome=False,
        damaged=tuple(frame.damage for frame in frames if frame.damage is not None),
        times_mended=sum(frame.time_is != "given" for frame in frames),
        filters=filters.chain if filters else None,
    )
    return store, info


def outcome(store: FrameStore, source: Source, info: SourceInfo) -> Comparison:
    last = list(compare(store, source, info))[-1]
    assert isinstance(last, Comparison)
    return last


def assert_identical(source: Source, folder: Path, frames: int) -> SourceInfo:
    store, info = stored(source, folder)
    assert outcome(store, source, info) == Comparison(frames, None)
    assert len({digest.md5 for digest in source_digests(source, info)}) == frames  # the test picture moves
    return info


@pytest.mark.parametrize("pix_fmt", BY_FFV1)
def test_ffv1(pix_fmt: str, make_source: MakeSource, tmp_path: Path) -> None:
    path = make_source(
        "a.mkv", "-vf", f"scale=19:17,format={pix_fmt}", "-c:v", "ffv1", "-level", "3", "-strict", "-2"
    )
    info = assert_identical(find_source(path), tmp_path, 4)
    assert info.video.pix_fmt in (pix_fmt, {"gbrp": "bgr0", "rgb48le": "gbrp16le"}.get(pix_fmt))


@pytest.mark.parametrize(("pix_fmt", "kept_as"), RAW.items())
def test_raw_video(pix_fmt: str, kept_as: str, make_source: MakeSource, tmp_path: Path) -> None:
    path = make_source("a.nut", "-vf", f"scale=18:17,format={pix_fmt}", "-c:v", "rawvideo")
    info = assert_identical(find_source(path), tmp_path, 4)
    assert (info.video.pix_fmt, info.video.store_pix_fmt) == (pix_fmt, kept_as)


@pytest.mark.parametrize("name", CODECS)
def test_codecs(name: str, make_source: MakeSource, tmp_path: Path) -> None:
    path = make_source(name, *CODECS[name], frames=9, size="64x48")
    assert_identical(find_source(path), tmp_path, 9)


@pytest.mark.parametrize("kind", PICTURES)
def test_sequences(kind: str, make_source: MakeSource, tmp_path: Path) -> None:
    suffix, pix_fmt = PICTURES[kind]
    make_source(f"scan/f.%05d.{suffix}", "-vf", f"format={pix_fmt}", "-start_number", "86399", "-f", "image2")
    source = find_source(tmp_path / "scan", fps=Fraction(18))
    assert (source.first_number, len(source.files)) == (86399, 4)
    assert_identical(source, tmp_path, 4)


@pytest.mark.parametrize("pix_fmt", ["nv16", "nv24", "p010le", "p210le", "p016le", "ya16be", "x2rgb10le"])
def test_headerless_raw_video(
    pix_fmt: str, make_source: MakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Formats that no container has a tag for, given to both sides as raw video."""
    path = make_source("a.raw", "-vf", f"scale=18:16,format={pix_fmt}", "-f", "rawvideo")
    options = {"pixel_format": pix_fmt, "video_size": "18x16", "framerate": "24"}
    monkeypatch.setattr(Source, "demuxer", property(lambda self: "rawvideo"))
    monkeypatch.setattr(Source, "options", property(lambda self: options))
    # ffmpeg-python has a meaning of its own for `video_size`.
    on_command_line = {"f": "rawvideo", "pixel_format": pix_fmt, "s": "18x16", "framerate": "24"}
    monkeypatch.setattr(Source, "command_options", property(lambda self: on_command_line))
    info = assert_identical(find_source(path), tmp_path, 4)
    assert info.video.pix_fmt == pix_fmt


def test_interlaced_and_with_sound(make_source: MakeSource, tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "sine=d=0.5")
    path = make_source(
        "a.mkv",
        *("-vf", "setfield=tff", "-c:v", "mpeg2video", "-flags", "+ildct+ilme"),
        frames=6,
        size="64x48",
        also=sound,
    )
    info = assert_identical(find_source(path), tmp_path, 6)
    assert info.video.field_order in ("tt", "tb")


def test_variable_rate_keeps_its_times(make_source: MakeSource, tmp_path: Path) -> None:
    path = make_source(
        "a.mkv", "-vf", "setpts=N*N*1000/24/1000/TB", "-fps_mode", "vfr", "-c:v", "ffv1", frames=6
    )
    source = find_source(path)
    store, info = stored(source, tmp_path)
    assert outcome(store, source, info).difference is None
    assert np.diff(store.pts).tolist() == sorted(np.diff(store.pts).tolist())
    assert len(set(np.diff(store.pts).tolist())) == 5


def test_turned_picture_is_kept_as_coded(make_source: MakeSource, tmp_path: Path) -> None:
    plain = make_source("plain.mp4", "-c:v", "libx264", frames=3, size="64x48")
    turned = tmp_path / "turned.mp4"
    command = [ffmpeg_binary(), "-v", "error", "-display_rotation", "90", "-i", plain, "-c", "copy", turned]
    subprocess.run(command, check=True)
    info = assert_identical(find_source(turned), tmp_path, 3)
    assert (info.video.width, info.video.height, abs(info.video.rotation)) == (64, 48, 90)


def test_first_differing_frame_is_named(make_source: MakeSource, tmp_path: Path) -> None:
    source = find_source(make_source("a.mkv", "-pix_fmt", "gray", "-c:v", "ffv1", frames=6))
    store, info = stored(source, tmp_path)
    planes = store.read(0, 6)
    planes["gray"][3, 5, 7] ^= 1
    store.write(0, planes)
    store.finish(store.pts)
    found = outcome(store, source, info).difference
    assert found is not None
    assert found.startswith(f"frame 3 (pts {store.pts[3]}) has MD5 ")
    theirs = list(source_digests(source, info))[3].md5
    assert f"{theirs} in the source" in found


def test_missing_frame_is_found(make_source: MakeSource, tmp_path: Path) -> None:
    source = find_source(make_source("a.mkv", "-pix_fmt", "gray", "-c:v", "ffv1", frames=6))
    store, info = stored(source, tmp_path)
    store.finish(store.pts[:5])
    found = outcome(store, source, info).difference
    assert found is not None
    assert "the source goes on" in found


def test_moved_frame_is_found(make_source: MakeSource, tmp_path: Path) -> None:
    source = find_source(make_source("a.mkv", "-pix_fmt", "gray", "-c:v", "ffv1", frames=6))
    store, info = stored(source, tmp_path)
    pts = store.pts
    pts[2] += 1
    store.finish(pts)
    found = outcome(store, source, info).difference
    assert found == f"frame 2 is shown at pts {pts[2]} in the store, {pts[2] - 1} in the source"
