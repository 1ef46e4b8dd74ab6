"""Ingest: whole reels, stopped and resumed ones, bad sources, and stores that lie elsewhere."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from upath import UPath

from reelfix.io import frame_store, space
from reelfix.io.documents import read_records
from reelfix.io.errors import SourceError, SpaceError, StoreError
from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.io.storage import as_path
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.events import Event, IngestProgress, Notice, silent
from reelfix.pipeline.ingest import IngestOptions, ingest
from reelfix.pipeline.ingest_journal import IngestJournal
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.verify import verify

PLAIN = IngestOptions(detect_shots=False)
FRAMES_PER_SHARD = 4


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_store, "SHARD_BYTES", 64 * 48 * FRAMES_PER_SHARD)


MakeFilm = Callable[..., Path]


@pytest.fixture
def make_film(tmp_path: Path) -> MakeFilm:
    """Make a film of 64 x 48 with the given encoding."""

    def make(name: str = "film.mkv", *options: str, frames: int = 18, source: str | None = None) -> Path:
        picture = source or "testsrc2=size=64x48:rate=24,noise=alls=20:allf=t:all_seed=3"
        command = [ffmpeg_binary(), "-y", "-v", "error", "-f", "lavfi", "-i", picture]
        command += [
            "-frames:v",
            str(frames),
            *(options or ("-pix_fmt", "gray", "-c:v", "ffv1", "-level", "3", "-g", "1")),
        ]
        (tmp_path / name).parent.mkdir(exist_ok=True)
        subprocess.run([*command, str(tmp_path / name)], check=True, stdin=subprocess.DEVNULL)
        return tmp_path / name

    return make


H264 = ("-c:v", "libx264", "-g", "6", "-bf", "2", "-pix_fmt", "yuv420p")


def contents(root: Path) -> dict[str, bytes]:
    """Every file of the store, and reel.json."""
    files = [path for path in (root / "source.zarr").rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in [*files, root / "reel.json"]}


def stop_after(shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ingest be interrupted once so many shards are committed."""
    commit = IngestJournal.commit
    calls = iter(range(1000))

    def interrupted(self: IngestJournal, *arguments: object) -> None:
        if next(calls) == shards:
            raise KeyboardInterrupt
        commit(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(IngestJournal, "commit", interrupted)


def interrupt_ingest(film: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin an ingest that is interrupted after two shards."""
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            ingest(film, root, PLAIN, silent)


def test_reel_is_whole_and_says_what_it_is_of(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film()
    before = film.read_bytes()
    events: list[Event] = []
    reel = ingest(film, tmp_path / "film.reel", PLAIN, events.append)
    info = reel.info
    assert (info.frame_count, info.video.pix_fmt, info.is_monochrome) == (18, "gray", True)
    assert (info.video.rate_fraction, info.video.is_vfr) == (Fraction(24), False)
    assert reel.store().frame_count == 18
    assert film.read_bytes() == before
    assert [decision["what"] for decision in reel.decisions()] == ["ingest"]
    steps = {event.step: event.done for event in events if isinstance(event, IngestProgress)}
    assert steps == {"decode": 18, "verify": 18}
    assert verify(reel, silent).ok


def test_shots_are_cut_before_the_reel_is_whole(make_film: MakeFilm, tmp_path: Path) -> None:
    reel = ingest(make_film(), tmp_path / "film.reel", IngestOptions(), silent)
    assert [(shot.start, shot.stop) for shot in reel.shots()] == [(0, 18)]
    assert (tmp_path / "film.reel" / "shots.json").exists()


@pytest.mark.parametrize("options", [(), H264], ids=["ffv1", "h264"])
@pytest.mark.parametrize("shards", [0, 1, 3, 4])
def test_stopped_ingest_goes_on_to_the_same_bytes(
    options: tuple[str, ...],
    shards: int,
    make_film: MakeFilm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = make_film("film.mkv", *options)
    whole = ingest(film, tmp_path / "whole.reel", PLAIN, silent)
    root = tmp_path / "stopped.reel"
    with monkeypatch.context() as patch:
        stop_after(shards, patch)
        with pytest.raises(KeyboardInterrupt):
            ingest(film, root, PLAIN, silent)
    assert not (root / "reel.json").exists()
    begun = [record for record in read_records(as_path(root / "ingest.jsonl")) if record["record"] == "shard"]
    assert [record["start"] for record in begun] == [FRAMES_PER_SHARD * index for index in range(shards)]
    reel = ingest(film, root, PLAIN, silent)
    assert contents(root) == contents(Path(str(whole)))
    records = [
        record for record in read_records(as_path(root / "ingest.jsonl")) if record["record"] == "shard"
    ]
    assert len(records) == 5  # no shard is written twice
    assert reel.info.frame_count == 18


def test_damage_is_the_same_after_a_stop(
    make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film()
    flip_in_packets(film, [2, 9, 10])
    whole = ingest(film, tmp_path / "whole.reel", PLAIN, silent)
    assert [frame.frame for frame in whole.info.damaged] == [2, 9, 10]
    root = tmp_path / "stopped.reel"
    interrupt_ingest(film, root, monkeypatch)
    ingest(film, root, PLAIN, silent)
    assert contents(root) == contents(Path(str(whole)))


def flip_in_packets(film: Path, numbers: list[int]) -> None:
    """Turn a bit over in the middle of some packets."""
    import av

    with av.open(str(film)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(film.read_bytes())
    for number in numbers:
        position, size = packets[number]
        assert position is not None
        data[position + size // 2] ^= 4
    film.write_bytes(data)


def test_torn_journal_is_read_to_its_last_whole_line(
    make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, root = make_film(), tmp_path / "film.reel"
    interrupt_ingest(film, root, monkeypatch)
    with (root / "ingest.jsonl").open("a") as file:
        file.write('{"record": "shard", "start": 8, "sto')
    left = root / "source.zarr" / "gray" / f".c.2.0.0@{socket.gethostname()}-{2**22 + 1}-0123abcd.part"
    left.write_bytes(b"half a shard")
    assert ingest(film, root, PLAIN, silent).info.frame_count == 18
    assert not left.exists()


def test_other_source_or_options_are_not_mixed_in(
    make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, root = make_film(), tmp_path / "film.reel"
    interrupt_ingest(film, root, monkeypatch)
    other = make_film("other.mkv", frames=5)
    with pytest.raises(UsageError, match=r"differs: source path was .*film.mkv, is .*other.mkv"):
        ingest(other, root, PLAIN, silent)
    with pytest.raises(UsageError, match="options filters was None, is bwdif"):
        ingest(film, root, IngestOptions(deinterlace="bwdif"), silent)
    assert ingest(other, root, IngestOptions(force=True, detect_shots=False), silent).info.frame_count == 5


def test_changed_source_is_noticed_on_resuming(
    make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, root = make_film(), tmp_path / "film.reel"
    state = film.stat()
    with monkeypatch.context() as patch:
        stop_after(3, patch)
        with pytest.raises(KeyboardInterrupt):
            ingest(film, root, PLAIN, silent)
    flip_in_packets(film, [11])
    os.utime(film, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(SourceError, match=r"frame 11 .* is no longer what the stopped ingest stored"):
        ingest(film, root, PLAIN, silent)


def test_source_that_changes_meanwhile_makes_no_reel(make_film: MakeFilm, tmp_path: Path) -> None:
    film, root = make_film(), tmp_path / "film.reel"

    def meddle(event: Event) -> None:
        if isinstance(event, IngestProgress) and event.step == "decode":
            film.write_bytes(film.read_bytes() + b"x")

    with pytest.raises(SourceError, match="has changed while it was ingested"):
        ingest(film, root, IngestOptions(verify=False, detect_shots=False), meddle)
    assert not (root / "reel.json").exists()


def test_whole_reel_is_left_alone(make_film: MakeFilm, tmp_path: Path) -> None:
    film, root = make_film(), tmp_path / "film.reel"
    ingest(film, root, PLAIN, silent)
    before = contents(root)
    events: list[Event] = []
    ingest(film, root, PLAIN, events.append)
    assert contents(root) == before
    assert [e.message for e in events if isinstance(e, Notice)] == [
        f"already ingested: 18 frames of {film}, the same SHA-256"
    ]
    with pytest.raises(UsageError, match=r"is the reel of another source .*film.mkv"):
        ingest(make_film("other.mkv", frames=5), root, PLAIN, silent)
    with pytest.raises(UsageError, match="was ingested with filters None, not bwdif"):
        ingest(film, root, IngestOptions(deinterlace="bwdif"), silent)
    assert contents(root) == before


def test_force_keeps_decisions_and_the_shots_of_the_same_source(make_film: MakeFilm, tmp_path: Path) -> None:
    film, root = make_film(), tmp_path / "film.reel"
    reel = ingest(film, root, IngestOptions(), silent)
    shots = {"version": 1, "shots": [{"start": 0, "stop": 7, "note": "by hand"}, {"start": 7, "stop": 18}]}
    (root / "shots.json").write_text(json.dumps(shots))
    reel.decide("approve", shot=1)
    reel = ingest(film, root, IngestOptions(force=True), silent)
    assert [shot.note for shot in reel.shots()] == ["by hand", ""]
    assert [decision["what"] for decision in reel.decisions()] == ["ingest", "approve", "ingest"]
    other = make_film("other.mkv", frames=18, source="testsrc=size=64x48:rate=24")
    reel = ingest(other, root, IngestOptions(force=True), silent)
    assert [shot.note for shot in reel.shots()] == [""]


def test_difference_to_the_source_makes_no_reel(
    make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = frame_store.StoreWriter.add

    def wrong(self: frame_store.StoreWriter, planes: dict[str, frame_store.Plane]) -> None:
        number = self._start + self.frame_count
        add(self, {name: values ^ (number == 6) for name, values in planes.items()})

    monkeypatch.setattr(frame_store.StoreWriter, "add", wrong)
    with pytest.raises(
        StoreError, match=r"frame 6 \(pts 250\) has MD5 \w{32} in the store, \w{32} in the source"
    ):
        ingest(make_film(), tmp_path / "film.reel", PLAIN, silent)
    assert not (tmp_path / "film.reel" / "reel.json").exists()


def test_verify_names_the_damaged_frame(make_film: MakeFilm, tmp_path: Path) -> None:
    film, root = make_film(), tmp_path / "film.reel"
    reel = ingest(film, root, PLAIN, silent)
    shard = root / "source.zarr" / "gray" / "c.2.0.0"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    findings = {finding.subject: finding for finding in verify(reel, silent).findings}
    assert findings["source"].ok
    assert not findings["store"].ok
    assert (
        "frame 8 (pts 333) cannot be read from the store: Stored and computed checksum"
        in findings["store"].message
    )
    film.write_bytes(film.read_bytes()[:-1] + b"?")
    (finding,) = verify(reel, silent).findings
    assert not finding.ok
    assert "has SHA-256" in finding.message
    film.unlink()
    assert "there is no file" in verify(reel, silent).findings[0].message


def test_lost_frame_is_repeated_and_recorded(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("film.mp4", *H264)
    import av

    with av.open(str(film)) as container:
        packets = [(p.pos, p.size, p.pts) for p in container.demux(video=0) if p.size]
    position, size, pts = packets[10]
    assert position is not None
    data = bytearray(film.read_bytes())
    data[position + 4 : position + size] = bytes(size - 4)
    film.write_bytes(data)
    reel = ingest(film, tmp_path / "film.reel", PLAIN, silent)
    lost = next(frame for frame in reel.info.damaged if frame.concealed_by == "repeat")
    assert lost.pts == pts
    assert (reel.info.frame_count, reel.info.video.is_vfr) == (18, False)
    frames = reel.store().read(lost.frame - 1, lost.frame + 1)
    assert all((plane[0] == plane[1]).all() for plane in frames.values())
    assert any("lost and shown as the frame before" in notice for notice in reel.info.notices)
    assert verify(reel, silent).ok
    with pytest.raises(SourceError, match=r"is damaged: .* Ingest without --strict"):
        ingest(film, tmp_path / "strict.reel", IngestOptions(strict=True), silent)


def test_truncated_file_is_kept_as_far_as_it_goes(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film(frames=30)
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    reel = ingest(film, tmp_path / "film.reel", PLAIN, silent)
    assert 10 < reel.info.frame_count < 20
    assert any("the source ends early" in notice for notice in reel.info.notices)
    with pytest.raises(SourceError, match="ends early"):
        ingest(film, tmp_path / "strict.reel", IngestOptions(strict=True, detect_shots=False), silent)
    assert not (tmp_path / "strict.reel" / "reel.json").exists()


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("testsrc2=size=64x48:rate=24,hue=s=0", True),
        ("testsrc2=size=64x48:rate=24", False),
        ("testsrc2=size=64x48:rate=24,hue=s=0,drawbox=w=8:h=8:c=red:t=fill:enable='eq(n,5)'", False),
    ],
    ids=["grey", "colour", "one coloured frame"],
)
def test_black_and_white_in_a_colour_format(
    picture: str, expected: bool, make_film: MakeFilm, tmp_path: Path
) -> None:
    film = make_film("film.mkv", *H264, source=picture, frames=8)
    assert ingest(film, tmp_path / "film.reel", PLAIN, silent).info.is_monochrome is expected
    forced = IngestOptions(monochrome=not expected, detect_shots=False)
    assert ingest(film, tmp_path / "forced.reel", forced, silent).info.is_monochrome is not expected


def test_sequence_with_its_rate(make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_film("scan/f.%04d.png", "-pix_fmt", "gray", "-f", "image2", frames=6)
    monkeypatch.chdir(tmp_path)
    reel = ingest(tmp_path / "scan", None, IngestOptions(fps=Fraction(18), detect_shots=False), silent)
    assert str(reel) == str(tmp_path / "f.reel")
    assert (reel.info.kind, reel.info.video.rate, reel.info.frame_count) == ("sequence", "18", 6)
    assert reel.store().pts.tolist() == [0, 1, 2, 3, 4, 5]
    assert verify(reel, silent).ok
    defaulted = ingest(tmp_path / "scan", tmp_path / "other.reel", PLAIN, silent)
    assert defaulted.info.video.rate == "24"
    assert "taken as 24 frames per second" in defaulted.info.notices[0]


@pytest.mark.parametrize("chain", [{"deinterlace": "bwdif"}, {"ivtc": True}], ids=["bwdif", "ivtc"])
def test_filters_on_request(chain: dict[str, object], make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("film.mkv", *H264, frames=20)
    plain = ingest(film, tmp_path / "plain.reel", PLAIN, silent)
    reel = ingest(film, tmp_path / "film.reel", IngestOptions(detect_shots=False, **chain), silent)  # type: ignore[arg-type]
    ivtc = "ivtc" in chain
    assert reel.info.frame_count == (16 if ivtc else 20)
    assert reel.info.video.rate == ("96/5" if ivtc else "24")
    assert reel.info.filters is not None
    assert reel.info.video.is_vfr is False
    assert reel.source_key != plain.source_key
    assert verify(reel, silent).ok


def test_rate_of_a_file_is_its_own(make_film: MakeFilm, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a file with its own timing"):
        ingest(make_film(), tmp_path / "film.reel", IngestOptions(fps=Fraction(24)), silent)
    assert not (tmp_path / "film.reel").exists()


def test_no_space_before(make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda path: space.RESERVE_BYTES + 1000)
    with pytest.raises(
        SpaceError, match=r"the ingest needs about \d+ kB at .*film.reel, but only 34 MB are free"
    ):
        ingest(make_film(), tmp_path / "film.reel", PLAIN, silent)


def test_no_space_while_writing(make_film: MakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film, root = make_film(), tmp_path / "film.reel"
    write = frame_store.Shard.write

    def full(self: frame_store.Shard) -> int:
        if self.start == 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self)

    with monkeypatch.context() as patch:
        patch.setattr(frame_store.Shard, "write", full)
        with pytest.raises(SpaceError, match=r"no space left at .* it goes on from frame 8"):
            ingest(film, root, PLAIN, silent)
    assert ingest(film, root, PLAIN, silent).info.frame_count == 18


def test_floating_point_only_when_allowed(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("f.%d.exr", "-pix_fmt", "gbrpf32le", "-f", "image2", frames=2)
    with pytest.raises(SourceError, match="floating-point pictures"):
        ingest(film, tmp_path / "film.reel", PLAIN, silent)
    reel = ingest(film, tmp_path / "film.reel", IngestOptions(allow_lossy=True, detect_shots=False), silent)
    assert any("are rounded to gbrp16le" in notice for notice in reel.info.notices)


def test_memory_root(make_film: MakeFilm) -> None:
    film = make_film()
    reel = ingest(film, "memory://films/film.reel", IngestOptions(), silent)
    again = Reel.open("memory://films/film.reel")
    assert (reel.info, again.store().frame_count, len(again.shots())) == (again.info, 18, 1)
    assert verify(again, silent).ok


def test_file_url_root(make_film: MakeFilm, tmp_path: Path) -> None:
    ingest(make_film(), f"file://{tmp_path}/film.reel", PLAIN, silent)
    assert Reel.open(tmp_path / "film.reel").store().frame_count == 18


def test_s3_root(make_film: MakeFilm, bucket: UPath, monkeypatch: pytest.MonkeyPatch) -> None:
    film = make_film()
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            ingest(film, bucket / "film.reel", PLAIN, silent)
    reel = ingest(film, bucket / "film.reel", PLAIN, silent)
    assert Reel.open(bucket / "film.reel").store().read(17, 18)["gray"].shape == (1, 48, 64)
    assert verify(reel, silent).ok


_IN_A_PROCESS = """
import sys
from reelfix.io import frame_store
from reelfix.pipeline.events import silent
from reelfix.pipeline.ingest import IngestOptions, ingest
frame_store.SHARD_BYTES = 64 * 48 * 4
ingest(sys.argv[1], sys.argv[2], IngestOptions(detect_shots=False), silent)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film(frames=400)
    whole = ingest(film, tmp_path / "whole.reel", PLAIN, silent)
    root = tmp_path / "killed.reel"
    journal = root / "ingest.jsonl"
    kills = 0
    for lines in (1, 3, 20, 60, 101, 102, 103):
        process = subprocess.Popen([sys.executable, "-c", _IN_A_PROCESS, str(film), str(root)])
        while process.poll() is None:
            if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
            time.sleep(0.002)
        assert process.returncode in (0, -signal.SIGKILL)
    ingest(film, root, PLAIN, silent)
    assert kills >= 4
    assert contents(root) == contents(Path(str(whole)))
    shutil.rmtree(root)
