"""A shard has one name, and each writer its own until it is whole; what killed writers leave is removed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import zarr
from upath import UPath

from reelfix.io.shard_writer import remove_leftovers

SCRIPT = """
import sys
from concurrent.futures import Future
from upath import UPath
from reelfix.io.shard_writer import ShardBuilder, write_shards

chunk = Future()
chunk.set_result((sys.argv[2].encode() * 1_000_000, b"...."))
builder = ShardBuilder(2)
builder.add(chunk)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    write_shards({"y": UPath(sys.argv[1])}, "c.0.0.0", {"y": builder.parts()})
"""
KILLED = """
import os
from pathlib import Path
Path.replace = lambda path, target: os.kill(os.getpid(), 9)
"""


def start(folder: Path, filling: str, script: str = SCRIPT) -> subprocess.Popen[str]:
    """Start a process that writes the same shard again and again, once it is told to."""
    command = [sys.executable, "-c", script, str(folder), filling]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_one_shard(tmp_path: Path) -> None:
    """Neither fails, one of the two is there whole, and nothing beside it."""
    writers = [start(tmp_path, filling) for filling in "ab"]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["c.0.0.0"]
    written = (tmp_path / "c.0.0.0").read_bytes()
    assert written[:1_000_000] in (b"a" * 1_000_000, b"b" * 1_000_000)
    assert len(written) == 1_000_000 + 4 + 2 * 16 + 4


def test_a_killed_writer_s_part_is_removed_and_a_living_one_s_kept(tmp_path: Path) -> None:
    """One was killed before its shard had its name; another's number is this process's now."""
    killed = start(tmp_path, "a", KILLED + SCRIPT)
    killed.communicate("go\n", timeout=60)
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    assert f"-{killed.pid}-" in left.name
    mine = tmp_path / f".c.0.0.0@{socket.gethostname()}-{os.getpid()}-00ff.part"
    old = tmp_path / f".c.1.0.0@{socket.gethostname()}-{os.getpid()}-00ff.part"
    elsewhere = tmp_path / ".c.0.0.0@an-other-host-1-00ff.part"
    earlier = tmp_path / ".c.0.0.0.part"
    for path in (mine, old, elsewhere, earlier):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    remove_leftovers([UPath(tmp_path), UPath("memory://nowhere")])
    assert set(tmp_path.iterdir()) == {mine, elsewhere}


def test_zarr_passes_parts_over(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a", shape=(4,), chunks=(2,), dtype="uint8", fill_value=5)
    (tmp_path / "a" / f".c.0@{socket.gethostname()}-1-00ff.part").write_bytes(b"half")
    assert array[:].tolist() == [5, 5, 5, 5]
