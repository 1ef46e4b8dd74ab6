"""Frames come without a gap, with growing times and an account of damage, from any place on."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from reelfix.io.decoder_log import listen
from reelfix.io.errors import SourceError
from reelfix.io.frames import Clock, FrameReader, SourceFrame, Start
from reelfix.io.probe import probe
from reelfix.io.sources import find_source

MakeSource = Callable[..., Path]
FFV1 = ("-pix_fmt", "gray", "-c:v", "ffv1", "-level", "3", "-slicecrc", "1", "-g", "1")
H264 = ("-c:v", "libx264", "-g", "8", "-bf", "2")


def read(
    path: Path, *, strict: bool = False, threads: int | None = None, start: Start | None = None
) -> list[SourceFrame]:
    with listen() as log:
        reader = FrameReader(probe(find_source(path)), filters=None, threads=threads, strict=strict, log=log)
        return list(reader.frames(start))


def packets(path: Path) -> list[tuple[int, int, int]]:
    """(position, size, pts) of every packet."""
    with av.open(str(path)) as container:
        found = [(packet.pos, packet.size, packet.pts) for packet in container.demux(video=0) if packet.size]
    return [(pos, size, pts) for pos, size, pts in found if pos is not None and pts is not None]


def overwrite(path: Path, position: int, data: bytes) -> None:
    whole = bytearray(path.read_bytes())
    whole[position : position + len(data)] = data
    path.write_bytes(whole)


def test_clock_keeps_given_times() -> None:
    clock = Clock(Fraction(1000, 24))
    times = []
    for number, pts in enumerate([0, 42, 83, 500]):
        clock, time, kind = clock.tick(pts, number)
        times.append((time, kind))
    assert times == [(0, "given"), (42, "given"), (83, "given"), (500, "given")]


def test_clock_fills_in_and_moves() -> None:
    clock = Clock(Fraction(1000, 24))
    times = []
    for number, pts in enumerate([10, None, 50, 50, None]):
        clock, time, kind = clock.tick(pts, number)
        times.append((time, kind))
    assert times == [(10, "given"), (52, "missing"), (53, "moved"), (54, "moved"), (177, "missing")]


@pytest.mark.parametrize("options", [FFV1, H264], ids=["ffv1", "h264"])
def test_any_number_of_threads_gives_the_same(options: tuple[str, ...], make_source: MakeSource) -> None:
    path = make_source("a.mkv", *options, frames=12, size="64x48")
    first, second = read(path, threads=1), read(path, threads=3)
    assert len(first) == 12
    for one, other in zip(first, second, strict=True):
        assert one.pts == other.pts
        assert all(np.array_equal(one.planes[name], other.planes[name]) for name in one.planes)


def test_start_in_the_middle(make_source: MakeSource) -> None:
    path = make_source("a.mkv", *FFV1, frames=12)
    whole = read(path)
    clock = Clock(Fraction(1000, 24), first=whole[0].pts, last=whole[6].pts)
    rest = read(path, start=Start(7, whole[6].pts, clock))
    assert [(frame.number, frame.pts) for frame in rest] == [(frame.number, frame.pts) for frame in whole[7:]]
    assert np.array_equal(rest[0].planes["gray"], whole[7].planes["gray"])


def test_slice_crc_is_heeded(make_source: MakeSource) -> None:
    path = make_source("a.mkv", *FFV1, frames=12, size="64x48")
    whole = read(path)
    for number in (3, 11):
        position, size, _ = packets(path)[number]
        overwrite(path, position + size // 2, b"\x00\xff")
    frames = read(path)
    damaged = [frame.damage for frame in frames if frame.damage is not None]
    assert [(frame.frame, frame.pts, frame.concealed_by) for frame in damaged] == [
        (number, whole[number].pts, "decoder") for number in (3, 11)
    ]
    assert "slice CRC mismatch" in damaged[0].reason
    same = [np.array_equal(a.planes["gray"], b.planes["gray"]) for a, b in zip(frames, whole, strict=True)]
    assert [number for number, is_same in enumerate(same) if not is_same] == [3, 11]


def test_frames_that_lean_on_a_damaged_one(make_source: MakeSource) -> None:
    path = make_source("a.mkv", *FFV1[:-1], "4", frames=12, size="64x48")
    position, size, _ = packets(path)[5]
    overwrite(path, position + size // 2, b"\x00\xff")
    reasons = {frame.number: frame.damage.reason for frame in read(path) if frame.damage is not None}
    assert list(reasons) == [5, 6, 7]
    assert reasons[6] == reasons[7] == "it leans on a damaged frame before it"


def test_traces_after_damage_are_told_up_to_the_next_key_frame(make_source: MakeSource) -> None:
    path = make_source(
        "a.mkv", "-c:v", "libx264", "-g", "8", "-bf", "0", "-sc_threshold", "0", frames=20, size="64x48"
    )
    position, size, _ = packets(path)[10]
    overwrite(path, position + 12, bytes(size - 12))
    frames = read(path)
    assert len(frames) == 20
    assert next(frame.number for frame in frames if frame.damage is not None) == 10
    affected = [frame.number for frame in frames if frame.damage is not None or frame.follows_damage]
    assert affected == [10, 11, 12, 13, 14, 15]


@pytest.mark.parametrize("number", [0, 5, 11])
def test_lost_picture_is_repeated(number: int, make_source: MakeSource) -> None:
    """A picture is wiped out, and the next with it: the one before stands in, else the one after."""
    path = make_source("a.mkv", "-c:v", "png", frames=12)
    whole = read(path)
    position, size, pts = packets(path)[number]
    overwrite(path, path.read_bytes().index(b"\x89PNG", position), bytes(size - 20))
    frames = read(path)
    assert [frame.pts for frame in frames] == [frame.pts for frame in whole]
    damage = {frame.number: frame.damage for frame in frames if frame.damage is not None}[number]
    assert (damage.frame, damage.pts, damage.concealed_by) == (number, pts, "repeat")
    stand_in = whole[number - 1 if number else 2]
    assert all(np.array_equal(frames[number].planes[name], stand_in.planes[name]) for name in stand_in.planes)


def test_pictures_that_a_broken_container_lost(make_source: MakeSource) -> None:
    path = make_source("a.mkv", *FFV1, "-cluster_time_limit", "100", frames=24, size="64x48")
    whole = read(path)
    found = packets(path)
    overwrite(path, found[6][0] - 30, bytes(found[9][0] - found[6][0]))
    frames = read(path)
    assert [frame.pts for frame in frames] == [frame.pts for frame in whole]
    damaged = {frame.number for frame in frames if frame.damage is not None}
    assert {6, 7, 8} <= damaged <= set(range(5, 13))
    for frame, original in zip(frames, whole, strict=True):
        is_same = np.array_equal(frame.planes["gray"], original.planes["gray"])
        assert is_same is (frame.number not in damaged)


def test_strict_stops_at_the_first(make_source: MakeSource) -> None:
    path = make_source("a.mkv", *FFV1, frames=8, size="64x48")
    position, size, pts = packets(path)[5]
    overwrite(path, position + size // 2, b"\x00\xff")
    with pytest.raises(SourceError, match=rf"frame 5 \(pts {pts}\) of .* is damaged: slice CRC mismatch"):
        read(path, strict=True)


def test_change_of_size(make_source: MakeSource, tmp_path: Path) -> None:
    first = make_source("a.ts", "-c:v", "libx264", frames=6, size="64x48")
    second = make_source("b.ts", "-c:v", "libx264", frames=6, size="32x32")
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(SourceError, match=r"from 64x48 yuv420p to 32x32 yuv420p at frame 6: a reel has one"):
        read(both)


def test_times_missing_from_a_raw_stream(make_source: MakeSource) -> None:
    frames = read(make_source("a.h264", "-c:v", "libx264", "-bf", "0", frames=6, size="64x48"))
    assert [frame.time_is for frame in frames] == ["missing"] * 6
    steps = {after.pts - before.pts for before, after in pairwise(frames)}
    assert len(steps) == 1
