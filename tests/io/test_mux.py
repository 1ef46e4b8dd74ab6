"""The command that assembles a master, the clock of its parts, and what happens when it cannot be written."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelfix.io.carriage import Carriage, carriage_of, write_untaken
from reelfix.io.codecs import CODECS
from reelfix.io.encode import EncoderSettings, StreamEncoder
from reelfix.io.errors import DeliveryError, SpaceError
from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.io.mux import Muxer, MuxJob, chapters_within, ffmetadata, mux_command, picture_metadata
from reelfix.io.picture import make_frame
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.probe import probe
from reelfix.io.segments import clock_of, timeline_of
from reelfix.io.source_info import Chapter, OtherStream, SourceInfo, VideoStream
from reelfix.io.sources import find_source
from reelfix.io.tags import PictureTags

MakeSource = Callable[..., Path]
GRAY = PixelFormat.parse("gray")


def info_of(path: str = "/none.mkv", **facts: object) -> SourceInfo:
    video = VideoStream(
        index=0, codec="ffv1", pix_fmt="gray", store_pix_fmt="gray", width=32, height=16, rate="10",
        time_base="1/10", metadata={"language": "nld", "ENCODER": "Lavc", "BPS-eng": "1", "DURATION": "x"},
    )  # fmt: skip
    plain = {
        "path": path, "kind": "file", "size": 1, "sha256": "0", "container": "matroska", "video": video,
        "frame_count": 20, "is_monochrome": True,
    }  # fmt: skip
    return SourceInfo.model_validate({**plain, **facts})


def job_of(info: SourceInfo, ranges: list[tuple[int, int]] | None = None, **facts: object) -> MuxJob:
    timeline = timeline_of(np.arange(20), Fraction(1, 10), Fraction(10), ranges)
    plain = {
        "info": info, "container": "matroska", "timeline": timeline, "carriage": Carriage((), (), ()),
        "tags": PictureTags(), "height": 16, "width": 32,
    }  # fmt: skip
    return MuxJob(**{**plain, **facts})  # type: ignore[arg-type]


def write(job: MuxJob, target: Path, count: int = 20) -> None:
    settings = EncoderSettings(
        CODECS["ffv1"], GRAY, "gray", 16, 32, Fraction(10), Fraction(1, 1000), job.tags, 1
    )
    with Muxer(job, target) as muxer:
        encoder = StreamEncoder(muxer.url, settings)
        try:
            for number in range(count):
                picture = {"gray": np.full((16, 32), number, np.uint8)}
                encoder.add(make_frame(picture, GRAY, job.tags), number * 100, 100)
            encoder.finish()
        finally:
            encoder.close()


def test_timeline_lays_ranges_one_after_another() -> None:
    pts = np.array([0, 40, 90, 120, 160, 200])
    timeline = timeline_of(pts, Fraction(1, 1000), Fraction(25), [(1, 3), (4, 6)])
    assert timeline.frame_count == 4
    assert [segment.shift for segment in timeline.segments] == [Fraction(-40, 1000), Fraction(-80, 1000)]
    clock = clock_of(
        pts, Fraction(1, 1000), Fraction(25), timeline, container_base=Fraction(1, 1000), is_vfr=True
    )
    assert clock.pts == (0, 50, 80, 120)
    assert clock.durations == (50, 30, 40, 40)
    assert clock.largest_rounding == 0
    with pytest.raises(DeliveryError, match=r"\[4, 9\)"):
        timeline_of(pts, Fraction(1, 1000), Fraction(25), [(4, 9)])


def test_clock_takes_the_frame_grid_where_times_lie_on_it() -> None:
    rate = Fraction(18)
    pts = np.array([round(number * 1000 / 18) for number in range(40)])
    timeline = timeline_of(pts, Fraction(1, 1000), rate, None)
    clock = clock_of(pts, Fraction(1, 1000), rate, timeline, container_base=None, is_vfr=False)
    assert clock.time_base == Fraction(1, 18)
    assert clock.pts == tuple(range(40))
    assert 0 < clock.largest_rounding <= Fraction(1, 2000)
    pts[20:] += 7  # a gap that is not a whole frame
    timeline = timeline_of(pts, Fraction(1, 1000), rate, None)
    clock = clock_of(pts, Fraction(1, 1000), rate, timeline, container_base=None, is_vfr=False)
    assert clock.time_base == Fraction(1, 1000)
    assert clock.pts == tuple(pts)


def test_two_frames_in_one_tick_are_refused() -> None:
    pts = np.arange(5)
    timeline = timeline_of(pts, Fraction(1, 5000), Fraction(5000), None)
    with pytest.raises(DeliveryError, match="two frames fall on the time"):
        clock_of(
            pts, Fraction(1, 5000), Fraction(5000), timeline, container_base=Fraction(1, 1000), is_vfr=False
        )


def test_command_maps_every_taken_stream_by_its_number() -> None:
    streams = (
        OtherStream(index=3, kind="audio", codec="flac"),
        OtherStream(index=5, kind="subtitle", codec="ass"),
    )
    tags = PictureTags(sample_aspect_ratio="16/15", timecode="01:00:00:00")
    job = job_of(info_of(), carriage=Carriage(streams, (), ()), tags=tags)
    command = mux_command(job, Path("/none.mkv"), Path("/m.txt"), Path("/out"))
    assert [command[place + 1] for place, word in enumerate(command) if word == "-map"] == [
        "0:v:0",
        "2:3",
        "2:5",
    ]
    assert command[command.index("-aspect:v:0") + 1] == "32:15"
    assert "timecode=01:00:00:00" in command
    cut = mux_command(job, Path("/cut"), Path("/m.txt"), Path("/out"))
    assert [cut[place + 1] for place, word in enumerate(cut) if word == "-map"] == ["0:v:0", "2:0", "2:1"]
    assert picture_metadata(job.info, tags) == {"language": "nld", "timecode": "01:00:00:00"}


def test_metadata_is_escaped_and_chapters_are_moved() -> None:
    chapters = (
        Chapter(start=0, stop=1000, time_base="1/1000", metadata={"title": "a=b;c#d\\e\nf"}),
        Chapter(start=1000, stop=2000, time_base="1/1000"),
    )
    info = info_of(chapters=chapters, metadata={"title": "T", "encoder": "x", "major_brand": "qt"})
    job = job_of(info, [(5, 12), (18, 20)])
    moved = chapters_within(chapters, job.timeline)
    assert [(chapter.start, chapter.stop) for chapter in moved] == [(0, 500), (500, 700), (700, 900)]
    text = ffmetadata(info, job.timeline)
    assert "title=a\\=b\\;c\\#d\\\\e\\\nf" in text
    assert "encoder" not in text
    assert "major_brand" not in text


def test_file_reads_back_as_it_was_described(tmp_path: Path) -> None:
    chapters = (Chapter(start=0, stop=1500, time_base="1/1000", metadata={"title": "a=b;c#d"}),)
    info = info_of(chapters=chapters, metadata={"title": "Reel # 1; a=b", "note": "l1\nl2"})
    target = tmp_path / "a.mkv"
    write(job_of(info, tags=PictureTags(sample_aspect_ratio="4/3", color_range="tv")), target)
    with av.open(str(target)) as container:
        assert container.metadata["title"] == "Reel # 1; a=b"
        assert container.metadata["NOTE"] == "l1\nl2"
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["a=b;c#d"]
        stream = container.streams.video[0]
        assert stream.sample_aspect_ratio == Fraction(4, 3)
        assert stream.average_rate == 10
        assert [packet.pts for packet in container.demux(stream) if packet.size] == list(range(0, 2000, 100))


def test_a_full_disk_is_a_space_error(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="No space left"):
        write(job_of(info_of()), Path("/dev/full"), count=200)


def test_a_muxer_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="No such file or directory"):
        write(job_of(info_of()), tmp_path / "none" / "a.mkv")


def test_an_error_of_the_encoder_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Muxer(job_of(info_of()), tmp_path / "a.mkv"):
        raise ZeroDivisionError


def source_with_sound(make_source: MakeSource, name: str, *options: str) -> SourceInfo:
    sound = ("-f", "lavfi", "-i", "sine=sample_rate=8000:duration=2")
    path = make_source(name, "-c:v", "ffv1", "-pix_fmt", "gray", *options, frames=20, rate="10", also=sound)
    probed = probe(find_source(path))
    return info_of(str(path), streams=probed.streams, container=probed.container, size=path.stat().st_size)


def test_carriage_is_tried_on_the_container(make_source: MakeSource, tmp_path: Path) -> None:
    info = source_with_sound(make_source, "a.mkv", "-c:a", "tta")
    assert [stream.index for stream in carriage_of(info, "matroska").taken] == [1]
    into_mov = carriage_of(info, "mov")
    (refused,) = into_mov.untaken
    assert "mov cannot hold it" in refused.reason
    written = write_untaken(info.path, refused, tmp_path / "m.mov")
    assert written.sidecar == "m.mov.stream1.mka"
    with av.open(info.path) as source, av.open(str(tmp_path / written.sidecar)) as beside:
        packets = [bytes(packet) for packet in source.demux(audio=0) if packet.size]
        assert packets == [bytes(packet) for packet in beside.demux(audio=0) if packet.size]
    (none,) = carriage_of(info, None).untaken
    assert "pictures alone" in none.reason


def test_timecode_tracks_are_restated(make_source: MakeSource) -> None:
    info = source_with_sound(make_source, "a.mov", "-c:a", "pcm_s16le", "-timecode", "01:00:00:00")
    assert [stream.kind for stream in info.streams] == ["audio", "data"]
    with_timecode = info.model_copy(update={"timecode": "01:00:00:00"})
    sorted_ = carriage_of(with_timecode, "matroska")
    assert [stream.kind for stream in sorted_.taken] == ["audio"]
    assert [stream.kind for stream in sorted_.restated] == ["data"]
    assert sorted_.untaken == ()


@pytest.mark.parametrize("coder", ["pcm_s16le", "flac", "libmp3lame"])
def test_a_cut_takes_the_packets_that_begin_in_it(
    make_source: MakeSource, tmp_path: Path, coder: str
) -> None:
    info = source_with_sound(make_source, "a.mkv", "-c:a", coder)
    job = job_of(info, [(3, 8), (12, 15)], carriage=carriage_of(info, "matroska"))
    target = tmp_path / "cut.mkv"
    write(job, target, count=8)
    with av.open(info.path) as source:
        meant = [
            (packet.pts * packet.time_base, bytes(packet)) for packet in source.demux(audio=0) if packet.size
        ]
    kept = [
        (time - Fraction(3, 10), data) for time, data in meant if Fraction(3, 10) <= time < Fraction(8, 10)
    ]
    kept += [
        (time - Fraction(7, 10), data) for time, data in meant if Fraction(12, 10) <= time < Fraction(15, 10)
    ]
    with av.open(str(target)) as cut:
        found = [
            (packet.pts * packet.time_base, bytes(packet)) for packet in cut.demux(audio=0) if packet.size
        ]
    assert [data for _, data in found] == [data for _, data in kept]
    for (one, _), (other, _) in zip(found, kept, strict=True):
        assert abs(one - other) <= Fraction(1, 1000)


def test_the_binary_is_there() -> None:
    assert Path(ffmpeg_binary()).exists()
