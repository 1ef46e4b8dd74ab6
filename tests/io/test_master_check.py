"""Every check finds what it is there to find."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reelfix.io.carriage import Carriage
from reelfix.io.errors import SourceError
from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.io.master_check import (
    DecodedFrame,
    check_frames,
    check_streams,
    check_tags,
    decode_master,
    digest_streams,
)
from reelfix.io.mux import MuxJob
from reelfix.io.picture import make_frame
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.probe import probe
from reelfix.io.segments import Clock, timeline_of
from reelfix.io.source_info import Chapter, SourceInfo
from reelfix.io.sources import find_source
from reelfix.io.tags import PictureTags
from reelfix.io.thumbnails import ThumbnailFile, misplaced_frame, thumbnail

MakeSource = Callable[..., Path]
SOUND = ("-f", "lavfi", "-i", "sine=sample_rate=8000:duration=1")
TICK = Fraction(1, 1000)


def frames_at(*milliseconds: int) -> list[DecodedFrame]:
    return [
        DecodedFrame(f"line {place}", Fraction(time, 1000), f"digest {place}")
        for place, time in enumerate(milliseconds)
    ]


CLOCK = Clock(Fraction(1, 25), (0, 1, 2), (1, 1, 1), Fraction(0))
DIGESTS = ["digest 0", "digest 1", "digest 2"]


def test_frames_as_meant_pass() -> None:
    assert check_frames(frames_at(0, 40, 80), CLOCK, DIGESTS, tick=TICK) == ([], 0)
    assert check_frames(frames_at(0, 41, 80), CLOCK, DIGESTS, tick=TICK) == ([], 0)
    # Sound that begins before 0 moves all of a Matroska file.
    assert check_frames(frames_at(25, 65, 105), CLOCK, DIGESTS, tick=TICK) == ([], Fraction(25, 1000))


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (frames_at(0, 40), "has 2 frames, must have 3"),
        (frames_at(0, 40, 80, 120), "has 4 frames, must have 3"),
        (frames_at(0, 45, 80), r"frame 1 is shown at 0\.045000 s, must be 0\.040000 s"),
        (frames_at(900, 940, 980), r"first frame is shown at 0\.900000 s"),
        (frames_at(-40, 0, 40), r"first frame is shown at -0\.04"),
        ([frames_at(0, 40, 80)[place] for place in (0, 2, 1)], "frame 1"),
        (
            frames_at(0, 40)[:1] + frames_at(0, 40, 80)[:1],
            "frame 1 decodes to digest 0, was meant to be digest 1",
        ),
        ([], "has 0 frames"),
    ],
)
def test_frames_lost_doubled_or_moved_are_found(frames: list[DecodedFrame], said: str) -> None:
    findings, _ = check_frames(frames, CLOCK, DIGESTS, tick=TICK)
    assert any(re.search(said, finding) for finding in findings), findings


@pytest.fixture
def master(make_source: MakeSource) -> tuple[Path, MuxJob, SourceInfo]:
    path = make_source(
        "a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray", "-c:a", "flac", "-metadata", "title=T", "-shortest",
        rate="10", frames=10, also=SOUND,
    )  # fmt: skip
    probed = probe(find_source(path))
    info = SourceInfo(
        path=str(path), kind="file", size=1, sha256="", container="matroska", video=probed.video,
        streams=probed.streams, metadata=probed.metadata, frame_count=10, is_monochrome=True,
    )  # fmt: skip
    timeline = timeline_of(np.arange(10), Fraction(1, 10), Fraction(10), None)
    tags = PictureTags.of(probed.video, None)
    return path, MuxJob(info, "matroska", timeline, Carriage(probed.streams, (), ()), tags, 16, 18), info


def findings(path: Path, job: MuxJob) -> list[str]:
    expected = digest_streams(
        Path(job.info.path), [stream.index for stream in job.carriage.taken], job.timeline
    )
    return check_streams(path, job, expected, shift=Fraction(0), tick=TICK)


def remade(path: Path, *options: str) -> Path:
    target = path.with_name("remade.mkv")
    command = [ffmpeg_binary(), "-v", "error", "-y", "-i", str(path), *options, str(target)]
    subprocess.run(command, check=True)
    return target


def test_streams_as_meant_pass(master: tuple[Path, MuxJob, SourceInfo]) -> None:
    path, job, _ = master
    assert findings(path, job) == []
    assert findings(remade(path, "-map", "0", "-c", "copy"), job) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-map", "0:v", "-c", "copy"), "its streams are video; must be video, audio"),
        (("-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy"), "must be video, audio"),
        (("-map", "0", "-c:v", "copy", "-c:a", "flac", "-af", "volume=0.5"), "SHA-256"),
        (("-map", "0", "-c", "copy", "-metadata", "title=Other"), "metadata 'title' is 'Other', must be 'T'"),
        (("-map", "0", "-c", "copy", "-frames:a", "1"), "has 1 packets of"),
    ],
)
def test_streams_lost_changed_or_cut_are_found(
    master: tuple[Path, MuxJob, SourceInfo], options: tuple[str, ...], said: str
) -> None:
    path, job, _ = master
    assert any(said in finding for finding in findings(remade(path, *options), job))


def test_sound_moved_in_time_is_found(master: tuple[Path, MuxJob, SourceInfo]) -> None:
    path, job, _ = master
    target = path.with_name("late.mkv")
    command = [ffmpeg_binary(), "-v", "error", "-i", str(path), "-itsoffset", "0.05", "-i", str(path)]
    command += ["-map", "0:v", "-map", "1:a", "-c", "copy", str(target)]
    subprocess.run(command, check=True)
    (finding,) = findings(target, job)
    assert "the first packet is at 0.05" in finding


def test_chapters_lost_are_found(master: tuple[Path, MuxJob, SourceInfo]) -> None:
    path, job, info = master
    chapters = (Chapter(start=0, stop=500, time_base="1/1000"),)
    meant = replace(job, info=info.model_copy(update={"chapters": chapters}))
    assert findings(path, meant) == ["it has 0 chapters, must have 1"]


def test_tags_lost_are_found(master: tuple[Path, MuxJob, SourceInfo]) -> None:
    path, job, _ = master
    assert check_tags(path, job) == []
    meant = replace(job, tags=replace(job.tags, timecode="01:00:00:00", field_order="tt"))
    assert check_tags(path, meant) == [
        "field_order is unknown, must be tt"
        if job.tags.field_order == "unknown"
        else "field_order is progressive, must be tt",
        "timecode is missing, must be 01:00:00:00",
    ]


def test_a_file_that_is_no_film_cannot_be_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"nothing")
    with pytest.raises(SourceError, match="ffmpeg ended"):
        decode_master(f"file:{tmp_path / 'a.mkv'}", {}, "gray")


def test_decoding_gives_framemd5_and_thumbnails(make_source: MakeSource, tmp_path: Path) -> None:
    path = make_source("a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", frames=4, size="40x24", rate="25")
    small = ThumbnailFile(tmp_path / "small", 24, 40)
    seen: list[int] = []
    decoded = decode_master(f"file:{path}", {}, "yuv420p10le", thumbnails=small, progress=seen.append)
    assert seen == [1, 2, 3, 4]
    assert [frame.seconds for frame in decoded.frames] == [Fraction(place, 25) for place in range(4)]
    assert decoded.framemd5.startswith("#format: frame checksums")
    assert small.read().shape == (4, 16, 16)


@pytest.mark.parametrize("name", ["yuv422p10le", "yuv420p"])
@pytest.mark.parametrize("size", [(16, 16), (37, 61), (8, 40)])
def test_a_frame_in_anothers_place_is_found(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    """Thumbnails as ffmpeg makes them agree with ours; a swap or a doubled frame does not."""
    kept = PixelFormat.parse(name)
    random = np.random.default_rng(0)
    base = random.integers(0, kept.peak, (6, *size)).astype(np.float64)
    pictures = []
    for luma in base:
        planes = {
            plane: np.full(kept.plane_shape(plane, *size), kept.peak // 2, kept.dtype)
            for plane in kept.planes
        }
        planes["y"] = luma.astype(kept.dtype)
        pictures.append(planes)
    raw = b"".join(picture[plane].tobytes() for picture in pictures for plane in kept.planes)
    (tmp_path / "raw").write_bytes(raw)
    options = {"f": "rawvideo", "pix_fmt": name, "s": f"{size[1]}x{size[0]}"}
    small = ThumbnailFile(tmp_path / "small", *size)
    decode_master(f"file:{tmp_path / 'raw'}", options, name, thumbnails=small)
    found = small.read()
    meant = [thumbnail(make_frame(picture, kept, PictureTags())) for picture in pictures]
    assert misplaced_frame(found, meant) is None
    swapped = found[[0, 2, 1, 3, 4, 5]]
    assert misplaced_frame(swapped, meant) is not None
    assert misplaced_frame(found[[0, 1, 2, 2, 4, 5]], meant) is not None


def test_a_slow_change_of_light_is_no_misplacement() -> None:
    meant = [np.full((16, 16), 0.5 + 0.0005 * place, np.float32) for place in range(20)]
    found = np.stack(meant) + np.float32(0.001)
    assert misplaced_frame(found, meant) is None
    moving = [np.roll(np.eye(16, dtype=np.float32), place, axis=0) for place in range(5)]
    told = misplaced_frame(
        np.stack(moving)[[0, 1, 3, 3, 4]] * np.float32(0.3), [0.3 * frame for frame in moving]
    )
    assert told == "frame 2 shows what was meant to be frame 3"
