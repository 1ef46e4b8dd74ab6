"""What a container and a decoder declare of a source arrives in full."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from reelfix.io.errors import SourceError
from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.io.probe import is_intra_only, probe
from reelfix.io.sources import find_source

MakeSource = Callable[..., Path]


def test_tags(make_source: MakeSource) -> None:
    colours = "color_primaries=bt470bg:color_trc=bt709:colorspace=smpte170m"
    path = make_source(
        "a.mov",
        *("-vf", f"setsar=64/45,setfield=tff,setparams={colours}"),
        *("-c:v", "prores_ks", "-flags", "+ildct", "-pix_fmt", "yuv422p10le", "-timecode", "01:02:03:04"),
        *("-metadata", "title=The Film"),
        rate="25",
    )
    found = probe(find_source(path))
    video = found.video
    assert (video.codec, video.pix_fmt, video.store_pix_fmt) == ("prores", "yuv422p10le", "yuv422p10le")
    assert (video.width, video.height, video.rate_fraction) == (18, 16, 25)
    assert (video.color_primaries, video.color_transfer, video.color_matrix) == (
        "bt470bg",
        "bt709",
        "smpte170m",
    )
    assert (Fraction(video.sample_aspect_ratio), video.field_order) == (Fraction(64, 45), "tb")
    assert (found.timecode, found.metadata["title"]) == ("01:02:03:04", "The Film")
    assert [stream.kind for stream in found.streams] == ["data"]
    assert (found.expected_frames, found.is_intra_only) == (4, True)


@pytest.mark.parametrize("location", ["left", "topleft", "center"])
def test_chroma_location(location: str, make_source: MakeSource) -> None:
    codec = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-chroma_sample_location", location)
    path = make_source("a.mkv", "-vf", f"setparams=chroma_location={location}", *codec)
    assert probe(find_source(path)).video.chroma_location == location


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "25", "18", "16"])
@pytest.mark.parametrize("name", ["a.mkv", "a.mov", "a.avi"])
def test_rate_is_a_fraction(rate: str, name: str, make_source: MakeSource) -> None:
    path = make_source(name, "-c:v", "ffv1", rate=rate, frames=12)
    assert probe(find_source(path)).video.rate_fraction == Fraction(rate)


def test_every_stream_is_listed(make_source: MakeSource, tmp_path: Path) -> None:
    sound = make_source(
        "sound.mkv", "-c:v", "ffv1", "-c:a", "pcm_s24le", also=("-f", "lavfi", "-i", "sine=d=0.1")
    )
    notes, titles, chapters = tmp_path / "notes.txt", tmp_path / "a.srt", tmp_path / "chapters"
    notes.write_text("found in the attic")
    titles.write_text("1\n00:00:00,000 --> 00:00:00,100\nTHE END\n")
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=100\ntitle=One\n")
    path = tmp_path / "all.mkv"
    command = [
        ffmpeg_binary(),
        "-v",
        "error",
        "-i",
        sound,
        "-i",
        titles,
        "-i",
        chapters,
        "-map",
        "0",
        "-map",
        "1",
    ]
    command += [
        "-map_metadata",
        "2",
        "-attach",
        notes,
        "-metadata:s:t",
        "mimetype=text/plain",
        "-c",
        "copy",
        path,
    ]
    subprocess.run(command, check=True)
    found = probe(find_source(path))
    audio, subtitle, attachment = found.streams
    assert (audio.kind, audio.codec, audio.details["sample_rate"]) == ("audio", "pcm_s24le", 44100)
    assert (subtitle.kind, subtitle.codec) == ("subtitle", "subrip")
    assert (attachment.kind, attachment.details["filename"]) == ("attachment", "notes.txt")
    assert (attachment.details["mimetype"], attachment.details["size"]) == ("text/plain", 18)
    (chapter,) = found.chapters
    assert chapter.metadata["title"] == "One"
    assert (chapter.stop - chapter.start) * Fraction(chapter.time_base) == Fraction(1, 10)


def test_second_video_and_dropped_alpha_are_noticed(make_source: MakeSource) -> None:
    path = make_source("a.mkv", "-map", "0", "-map", "0", "-c:v", "ffv1", "-pix_fmt", "yuva420p")
    found = probe(find_source(path))
    assert found.notices == (
        "the alpha plane of yuva420p is not kept: the store has yuv420p",
        "there is more than one video stream: the reel is of stream 0, not of 1",
    )


def test_sources_without_pictures(make_source: MakeSource, tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"
    subprocess.run([ffmpeg_binary(), "-v", "error", "-f", "lavfi", "-i", "sine=d=0.1", sound], check=True)
    with pytest.raises(SourceError, match=r"has no video stream \(found: audio\)"):
        probe(find_source(sound))
    text = tmp_path / "text.mkv"
    text.write_text("this is not a film")
    with pytest.raises(SourceError, match="is not a media file that ffmpeg can read"):
        probe(find_source(text))
    none = make_source("none.mkv", "-t", "0", "-c:v", "ffv1")
    with pytest.raises(SourceError, match="ends before its first frame"):
        probe(find_source(none))
    headless = make_source("a.mp4", "-c:v", "libx264")
    headless.write_bytes(headless.read_bytes().partition(b"moov")[0][:-4])
    with pytest.raises(SourceError, match="its header is damaged or missing"):
        probe(find_source(headless))


def test_pixel_format_without_an_equivalent(make_source: MakeSource) -> None:
    path = make_source("a.nut", "-c:v", "rawvideo", "-pix_fmt", "rgb565le")
    with pytest.raises(SourceError, match="'rgb565le' has no lossless planar equivalent"):
        probe(find_source(path))


def test_intra_only() -> None:
    assert [is_intra_only(codec) for codec in ("ffv1", "prores", "dpx", "h264")] == [True, True, True, False]
