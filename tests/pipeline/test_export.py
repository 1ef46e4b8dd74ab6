"""A reel with no stage exports its source's own pictures, times and streams; what is wrong gets no name."""

import errno
import json
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelfix.io.encode import StreamEncoder
from reelfix.io.errors import DeliveryError, SpaceError
from reelfix.io.ffmpeg import describe, ffmpeg_binary
from reelfix.io.landing import claim
from reelfix.io.storage import as_path
from reelfix.io.tags import HELD_BY, PictureTags, parse_tags
from reelfix.pipeline import export_job
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.events import Event, ExportProgress, silent
from reelfix.pipeline.export import ExportRequest, Master, export
from reelfix.pipeline.ingest import IngestOptions, ingest
from reelfix.pipeline.pixels import PixelMap
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot

FORMATS = [
    *(f"gray{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(f"yuv420p{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(f"yuv422p{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(f"yuv444p{depth}" for depth in ("", "9le", "10le", "12le", "14le", "16le")),
    *(f"gbrp{depth}" for depth in ("9le", "10le", "12le", "14le", "16le")),
]  # fmt: skip
RAW = {"gbrp": "gbrp", "rgb24": "gbrp", "rgb48le": "gbrp16le", "yuvj420p": "yuvj420p"}

MakeReel = Callable[..., Reel]


def ffmpeg(*arguments: object) -> str:
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-y", *(str(argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def framemd5(path: object, pix_fmt: str, *before: str) -> list[tuple[Fraction, str]]:
    """Presentation time in seconds and MD5 of every frame, as the stock ffmpeg decodes it."""
    output = ffmpeg(
        "-v", "error", *before, "-i", path, "-map", "0:v:0", "-pix_fmt", pix_fmt, "-fps_mode", "passthrough",
        "-copyts", "-f", "framemd5", "-",
    )  # fmt: skip
    base = Fraction(next(line for line in output.splitlines() if line.startswith("#tb 0:"))[6:].strip())
    lines = [line.split(",") for line in output.splitlines() if not line.startswith("#")]
    return [(int(fields[2]) * base, fields[5].strip()) for fields in lines]


@pytest.fixture
def make_reel(tmp_path: Path) -> MakeReel:
    """Make a tiny source with ffmpeg, and its reel."""

    def make(
        name: str,
        *options: str,
        frames: int = 5,
        size: str = "34x18",
        rate: str = "24",
        filters: str = "",
        inputs: tuple[str, ...] = (),
    ) -> Reel:
        source = tmp_path / name
        picture = f"testsrc2=size={size}:rate={rate},noise=alls=40:allf=t:all_seed=3{filters}"
        ffmpeg(
            "-v", "error", "-f", "lavfi", "-i", picture, *inputs, "-frames:v", str(frames), *options, source
        )  # fmt: skip
        plain = IngestOptions(verify=False, detect_shots=False)
        return ingest(source, tmp_path / f"{source.stem}.reel", plain, silent)

    return make


def export_plain(reel: Reel, codec: str = "ffv1", **request: object) -> Master:
    return export(reel, ExportRequest(codec=codec, **request))  # type: ignore[arg-type]


@pytest.mark.parametrize("pix_fmt", [*FORMATS, *RAW])
def test_no_stage_gives_the_sources_framemd5(make_reel: MakeReel, pix_fmt: str) -> None:
    coder = ("-c:v", "rawvideo") if pix_fmt in RAW else ("-c:v", "ffv1")
    reel = make_reel("a.nut" if pix_fmt in RAW else "a.mkv", *coder, "-pix_fmt", pix_fmt, frames=3)
    master = export_plain(reel)
    kept = RAW.get(pix_fmt, pix_fmt)
    meant = framemd5(reel.info.path, kept)
    assert len(meant) == master.frames == 3
    assert [md5 for _, md5 in framemd5(master.path, kept)] == [md5 for _, md5 in meant]


TIMINGS = {
    "23.976": {"name": "a.mov", "rate": "24000/1001"},
    "18 in ms": {"name": "a.mkv", "rate": "18"},
    "29.97": {"name": "a.mov", "rate": "30000/1001"},
    "variable": {"name": "a.mkv", "rate": "25", "filters": ",select='not(eq(n,1)+eq(n,4)+eq(n,5))'"},
    "late": {"name": "a.mkv", "rate": "25", "filters": ",setpts=PTS+3/TB"},
}


@pytest.mark.parametrize("codec", ["ffv1", "prores-422"])
@pytest.mark.parametrize("timing", TIMINGS)
def test_every_frame_keeps_its_time(make_reel: MakeReel, timing: str, codec: str) -> None:
    options = dict(TIMINGS[timing])
    name = str(options.pop("name"))
    reel = make_reel(name, "-c:v", "ffv1", "-pix_fmt", "yuv422p10le", "-fps_mode", "passthrough", **options)
    master = export_plain(reel, codec)
    meant = framemd5(reel.info.path, "yuv422p10le")
    found = framemd5(master.path, "yuv422p10le")
    assert len(meant) == len(found) >= 2
    tick = Fraction(1, 1000)
    for (before, source_md5), (after, md5) in zip(meant, found, strict=True):
        assert abs(before - after) <= tick / 2
        assert md5 == source_md5 or codec != "ffv1"
    if timing == "23.976" and codec != "ffv1":
        assert [after for after, _ in found] == [Fraction(1001 * n, 24000) for n in range(5)]


TAGS = PictureTags(
    color_range="tv",
    color_primaries="bt470bg",
    color_transfer="bt470bg",
    color_matrix="bt470bg",
    chroma_location="topleft",
    sample_aspect_ratio="16/15",
    field_order="bt",
    timecode="10:00:00:00",
)


@pytest.mark.parametrize("codec", ["ffv1", "prores-hq"])
def test_tags_arrive(make_reel: MakeReel, codec: str) -> None:
    said = "setparams=range=tv:color_primaries=bt470bg:color_trc=bt470bg:colorspace=bt470bg:field_mode=bff"
    reel = make_reel(
        "a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-field_order", "bb", "-chroma_sample_location",
        "topleft", "-metadata:s:v:0", "timecode=10:00:00:00", "-metadata", "title=Reel 1; a=b",
        rate="25", filters=f",{said},setsar=16/15", size="48x32",
    )  # fmt: skip
    assert PictureTags.of(reel.info.video, reel.info.timecode) == TAGS
    master = export_plain(reel, codec)
    report = describe(str(master.path), {})
    held = HELD_BY["matroska" if codec == "ffv1" else "mov"]
    assert TAGS.differing(parse_tags(report), held, width=48) == []
    assert "Reel 1; a=b" in report
    # The frames themselves say that they are interlaced, lower field first.
    shown = subprocess.run(
        [ffmpeg_binary(), "-v", "info", "-i", str(master.path), "-vf", "showinfo", "-f", "null", "-"],
        capture_output=True, text=True, check=False,
    ).stderr  # fmt: skip
    assert shown.count(" i:B ") == 5


SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1")


def packets(path: object, stream: str) -> str:
    """The payload of a stream, by the stock ffmpeg."""
    return ffmpeg(
        "-v", "error", "-i", path, "-map", stream, "-c", "copy", "-f", "hash", "-hash", "sha256", "-"
    )


@pytest.mark.parametrize(
    ("name", "coder"),
    [
        ("a.mkv", "flac"),
        ("a.mov", "pcm_s24le"),
        ("a.mp4", "aac"),
        ("a.mkv", "pcm_s16be"),
        ("a.mkv", "libmp3lame"),
    ],
)
@pytest.mark.parametrize("codec", ["ffv1", "prores-lt", "h264"])
def test_sound_is_taken_packet_for_packet(make_reel: MakeReel, name: str, coder: str, codec: str) -> None:
    video = ("-c:v", "libx264" if name == "a.mp4" else "ffv1")
    reel = make_reel(
        name, *video, "-c:a", coder, "-metadata:s:a:0", "language=nld", "-shortest",
        frames=20, size="32x32", inputs=SOUND,
    )  # fmt: skip
    master = export_plain(reel, codec)
    if master.untaken:
        assert (coder, codec) in {("flac", "prores-lt"), ("pcm_s16be", "h264")}
        beside = Path(str(master.path)).with_name(str(master.untaken[0].sidecar))
        assert packets(beside, "0:a:0") == packets(reel.info.path, "0:a:0")
        assert any("audio stream 1" in notice for notice in master.notices)
    else:
        assert packets(master.path, "0:a:0") == packets(reel.info.path, "0:a:0")


def test_all_else_of_a_source_is_taken_or_listed(make_reel: MakeReel, tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,100 --> 00:00:00,700\nIntertitle\n")
    (tmp_path / "note.txt").write_text("scanned 2026")
    (tmp_path / "c.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1000\ntitle=Two\n"
    )
    reel = make_reel(
        "a.mkv", "-map", "0:v", "-map", "1:a", "-map", "2:s", "-c:v", "ffv1", "-c:a", "flac", "-c:s", "srt",
        "-map_chapters", "3", "-attach", str(tmp_path / "note.txt"), "-metadata:s:t", "mimetype=text/plain",
        frames=24, inputs=(*SOUND, "-i", str(tmp_path / "s.srt"), "-i", str(tmp_path / "c.txt")),
    )  # fmt: skip
    assert [stream.kind for stream in reel.info.streams] == ["audio", "subtitle", "attachment"]
    whole = export_plain(reel)
    assert whole.untaken == ()
    report = describe(str(whole.path), {})
    assert "Subtitle: subrip" in report
    assert "note.txt" in report
    assert report.count("Chapter #0") == 2
    assert packets(whole.path, "0:s:0") == packets(reel.info.path, "0:s:0")

    delivery = export_plain(reel, "prores-proxy")
    assert {entry.kind for entry in delivery.untaken} >= {"attachment"}
    folder = Path(str(delivery.path)).parent
    for entry in delivery.untaken:
        assert entry.sidecar is not None
        assert (folder / entry.sidecar).stat().st_size > 0
    note = next(entry for entry in delivery.untaken if entry.kind == "attachment")
    assert (folder / str(note.sidecar)).read_text() == "scanned 2026"


def test_a_range_has_its_own_sound_and_timecode(make_reel: MakeReel) -> None:
    reel = make_reel(
        "a.mov", "-c:v", "ffv1", "-c:a", "pcm_s16le", "-timecode", "01:00:00:00", "-pix_fmt", "gray",
        frames=24, inputs=SOUND, size="32x32",
    )  # fmt: skip
    master = export_plain(reel, frame_range=(6, 12))
    meant = framemd5(reel.info.path, "gray")[6:12]
    found = framemd5(master.path, "gray")
    assert [md5 for _, md5 in found] == [md5 for _, md5 in meant]
    assert found[0][0] == 0
    report = describe(str(master.path), {})
    assert "01:00:00:06" in report
    sound = subprocess.run(
        [ffmpeg_binary(), "-v", "error", "-i", str(master.path), "-map", "0:a", "-f", "s16le", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    # Whole packets of 1024 samples that begin within the range's quarter of a second.
    assert abs(len(sound) / 2 - 48000 / 4) <= 1024


def test_shots_follow_one_another(make_reel: MakeReel) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray", frames=10)
    reel.write_shots([Shot(1, 0, 3), Shot(2, 3, 5), Shot(3, 5, 8), Shot(4, 8, 10)])
    master = export_plain(reel, shots="1,3-4")
    digests = [md5 for _, md5 in framemd5(reel.info.path, "gray")]
    found = framemd5(master.path, "gray")
    assert [md5 for _, md5 in found] == digests[:3] + digests[5:]
    assert [round(seconds * 24) for seconds, _ in found] == list(range(8))
    assert json.loads(Path(f"{master.path}.provenance.json").read_text())["master"]["ranges"] == [
        [0, 3],
        [5, 10],
    ]


@pytest.mark.parametrize("codec", ["dpx", "tiff", "png"])
@pytest.mark.parametrize(
    "pix_fmt", ["gray", "gray10le", "gray16le", "gbrp10le", "gbrp12le", "gbrp16le", "yuv422p10le"]
)
def test_sequences_keep_depth_and_numbers(make_reel: MakeReel, codec: str, pix_fmt: str) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", pix_fmt, frames=5)
    master = export_plain(reel, codec, frame_range=(1, 4))
    files = sorted(path.name for path in Path(str(master.path)).iterdir())
    assert files == [f"a.{number:07d}.{codec}" for number in (1, 2, 3)]
    if not pix_fmt.startswith("yuv"):
        pattern = f"{master.path}/a.%07d.{codec}"
        wide = in_file(codec, pix_fmt)
        found = code_values(pattern, wide, pix_fmt, "-start_number", "1")
        assert np.array_equal(found, code_values(reel.info.path, pix_fmt, pix_fmt)[1:4])


def in_file(codec: str, pix_fmt: str) -> str:
    """The format in which a picture file keeps code values: 8 or 16 bits, in DPX also RGB of 10 and 12."""
    if pix_fmt == "gray" or (codec == "dpx" and pix_fmt in ("gbrp10le", "gbrp12le")):
        return pix_fmt
    return "gray16le" if "gray" in pix_fmt else "gbrp16le"


def depth_of(pix_fmt: str) -> int:
    return int("".join(sign for sign in pix_fmt if sign.isdigit()) or 8)


def code_values(path: object, pix_fmt: str, target: str, *before: str) -> np.ndarray:
    """Code values as stored in `pix_fmt`, scaled peak to peak to the depth of `target`."""
    command = [ffmpeg_binary(), "-v", "error", *before, "-i", str(path), "-pix_fmt", pix_fmt]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    values = np.frombuffer(raw, np.uint8 if depth_of(pix_fmt) == 8 else "<u2").astype(np.int64)
    peaks = [(1 << depth_of(name)) - 1 for name in (pix_fmt, target)]
    return (
        np.rint(values * peaks[1] / peaks[0])
        .astype(int)
        .reshape(-1, 18 * 34 * (1 if "gray" in pix_fmt else 3))
    )


def test_a_restored_reel_differs_only_where_it_was_changed(
    make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", frames=6)

    class Restored:
        shot = Shot(1, 0, 6)
        stages = ()
        unfinished = ()
        is_restored = True
        has_chroma = False

        def read(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
            pixels = PixelMap.of(reel.info.video, is_monochrome=reel.info.is_monochrome)
            before = pixels.to_codes(reel.store().read(start, stop))
            after = before.copy()
            for frame in range(start, stop):
                if frame == 2:
                    after[frame - start, :, 4:8, 4:8] = 40000
            return before, after

    monkeypatch.setattr(export_job, "outcome_of", lambda *_: Restored())
    master = export_plain(reel)
    before, after = framemd5(reel.info.path, "yuv420p"), framemd5(master.path, "yuv420p")
    assert [one[1] == other[1] for one, other in zip(before, after, strict=True)] == [
        True,
        True,
        False,
        True,
        True,
        True,
    ]
    proxy = export_plain(reel, "h264", side_by_side=True)
    report = describe(str(proxy.path), {})
    assert "68x18" in report


def test_unfinished_shots_are_refused_by_name(make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")

    class Unfinished:
        shot = Shot(1, 0, 5)
        stages = ()
        unfinished = ("detect", "restore")
        is_restored = True
        has_chroma = False

    monkeypatch.setattr(export_job, "outcome_of", lambda *_: Unfinished())
    with pytest.raises(UsageError, match=r"shot-0001 \(detect, restore\).*reelfix run"):
        export_plain(reel)
    master = export_plain(reel, allow_unfinished=True)
    assert framemd5(master.path, "gray") == framemd5(reel.info.path, "gray")


def test_nothing_is_overwritten_without_force(make_reel: MakeReel, tmp_path: Path) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")
    target = tmp_path / "out.mkv"
    target.write_bytes(b"mine")
    with pytest.raises(DeliveryError, match=r"exists.*--force"):
        export_plain(reel, output=target)
    assert target.read_bytes() == b"mine"
    master = export_plain(reel, output=target, force=True)
    assert master.frames == 5
    first = target.read_bytes()
    export_plain(reel, output=target, force=True)
    assert target.read_bytes() == first, "the same reel must give the same bytes"
    pictures = tmp_path / "pictures"
    export_plain(reel, "png", output=pictures)
    with pytest.raises(DeliveryError, match="exists"):
        export_plain(reel, "png", output=pictures)
    export_plain(reel, "png", output=pictures, frame_range=(0, 2), force=True)
    assert len(list(pictures.iterdir())) == 2
    other = tmp_path / "b.mkv"
    Path(f"{other}.sha256").write_text("not ours")
    with pytest.raises(DeliveryError, match="no sidecar of reelfix"):
        export_plain(reel, output=other)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_failed_check_leaves_no_master(
    make_reel: MakeReel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")
    add = StreamEncoder.add

    def swap(self: StreamEncoder, frame: object, pts: int, duration: int) -> None:
        if pts:  # every frame but the first is lost
            add(self, frame, pts, duration)  # type: ignore[arg-type]

    monkeypatch.setattr(StreamEncoder, "add", swap)
    target = tmp_path / "out" / "m.mkv"
    with pytest.raises(DeliveryError, match="has 4 frames, must have 5"):
        export_plain(reel, output=target)
    assert sorted(path.name for path in target.parent.iterdir()) == ["m.mkv.failed"]
    assert [entry["what"] for entry in reel.decisions()][-1] == "export failed"


@pytest.mark.parametrize("codec", ["ffv1", "png"])
def test_a_stopped_export_leaves_nothing(
    make_reel: MakeReel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codec: str
) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")

    def stop(event: Event) -> None:
        if isinstance(event, ExportProgress):
            raise KeyboardInterrupt

    target = tmp_path / "out" / ("m.mkv" if codec == "ffv1" else "m")
    with pytest.raises(KeyboardInterrupt):
        export(reel, ExportRequest(output=target, codec=codec), stop)
    assert list(target.parent.iterdir()) == []


def test_a_full_disk_is_said(make_reel: MakeReel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(StreamEncoder, "add", full)
    with pytest.raises(SpaceError, match="no space left"):
        export_plain(reel, output=tmp_path / "m.mkv")
    assert not (tmp_path / "m.mkv").exists()


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"codec": "ffv2"}, "did you mean 'ffv1'"),
        ({"codec": "ffv1", "output": "x.mov"}, "must end in .mkv"),
        ({"codec": "dpx", "output": "x.dpx"}, "names the folder"),
        ({"frame_range": (3, 9)}, r"\[3, 9\) must lie within the reel's \[0, 5\)"),
        ({"frame_range": (1, 2), "shots": "1"}, "give one of them"),
        ({"shots": "7"}, "no shot 7"),
        ({"side_by_side": True}, "for proxies"),
        ({"output": "SOURCE", "force": True}, "never written"),
    ],
)
def test_impossible_requests(make_reel: MakeReel, request_: dict[str, object], said: str) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")
    if request_.get("output") == "SOURCE":
        request_ = {**request_, "output": reel.info.path}
    with pytest.raises(UsageError, match=said):
        export(reel, ExportRequest(**request_))  # type: ignore[arg-type]


def test_a_remote_master_is_uploaded_and_read_back(make_reel: MakeReel) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")
    master = export_plain(reel, output="memory://out/m.mkv")
    assert master.path.exists()
    assert master.path.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"
    pictures = export_plain(reel, "png", output="memory://out/pictures")
    assert len(list(pictures.path.iterdir())) == 5
    assert all(path.exists() for path in pictures.sidecars)


def test_what_a_killed_export_left_is_cleared_away(make_reel: MakeReel, tmp_path: Path) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / ".m.mkv.partial").write_bytes(b"half")
    (folder / ".m.mkv.partial.lock").write_bytes(b"")
    export_plain(reel, output=folder / "m.mkv")
    assert hidden(folder) == []
    (folder / "m.mkv").unlink()  # killed between its sidecars and its own name
    master = export_plain(reel, output=folder / "m.mkv")
    assert framemd5(master.path, "gray") == framemd5(reel.info.path, "gray")


def test_one_export_at_a_time_writes_a_master(make_reel: MakeReel, tmp_path: Path) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")
    target = tmp_path / "m.mkv"
    with (
        claim(as_path(target), is_folder=False, force=False),
        pytest.raises(DeliveryError, match="another export is writing"),
    ):
        export_plain(reel, output=target)
    assert export_plain(reel, output=target).frames == 5


def test_sound_needs_the_source(make_reel: MakeReel) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-c:a", "flac", "-pix_fmt", "gray", "-shortest", inputs=SOUND)
    Path(reel.info.path).rename(f"{reel.info.path}.gone")
    with pytest.raises(DeliveryError, match="is not there"):
        export_plain(reel)


def test_pictures_alone_need_no_source(make_reel: MakeReel) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")
    meant = framemd5(reel.info.path, "gray")
    Path(reel.info.path).unlink()
    assert framemd5(export_plain(reel).path, "gray") == meant


def test_swapped_frames_of_a_lossy_master_are_found(
    make_reel: MakeReel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = make_reel("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray", size="64x48", filters=",hue=b='n*1.5-3'")
    add, held = StreamEncoder.add, []

    def swap(self: StreamEncoder, frame: object, pts: int, duration: int) -> None:
        held.append(frame)
        if pts == 2:
            add(self, held[2], 1, duration)  # type: ignore[arg-type]
            add(self, held[1], 2, duration)  # type: ignore[arg-type]
        elif pts != 1:
            add(self, frame, pts, duration)  # type: ignore[arg-type]

    monkeypatch.setattr(StreamEncoder, "add", swap)
    with pytest.raises(DeliveryError, match=r"frame 1 (shows what was meant to be frame 2|does not look)"):
        export_plain(reel, "prores-hq", output=tmp_path / "m.mov")
