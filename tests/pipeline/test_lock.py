import os
import subprocess
import sys
from pathlib import Path

import pytest

from reelfix.io.documents import write_json
from reelfix.io.storage import as_path
from reelfix.pipeline.errors import ReelError
from reelfix.pipeline.lock import LockHolder, hold_reel, lock_holder

HOLD = """
import sys, time
from reelfix.io.storage import as_path
from reelfix.pipeline.lock import hold_reel
with hold_reel(as_path(sys.argv[1]), "run"):
    print("held", flush=True)
    time.sleep(60)
"""


def hold_elsewhere(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_reel_held_by_a_live_process_names_it_and_a_killed_one_frees_it(tmp_path: Path) -> None:
    root = as_path(tmp_path)
    process = hold_elsewhere(tmp_path)
    try:
        with (
            pytest.raises(ReelError, match=rf"held by `run` on .*, pid {process.pid}, since"),
            hold_reel(root, "run"),
        ):
            pass
    finally:
        process.kill()
        process.wait()
    stale = lock_holder(root)
    assert stale is not None
    assert not stale.is_alive
    with hold_reel(root, "run") as taken_over:
        assert taken_over == stale
        holder = lock_holder(root)
        assert holder is not None
        assert holder.pid == os.getpid()
    assert lock_holder(root) is None


def test_a_pid_used_again_by_a_later_process_is_not_taken_for_the_holder() -> None:
    me = LockHolder.this_process("run")
    assert me.is_alive
    assert not LockHolder(me.host, me.pid, me.started - 1000, me.since, me.what).is_alive


def test_in_an_object_store_the_record_decides() -> None:
    root = as_path("memory://lock/a.reel")
    other = LockHolder("another-host", 1, 0.0, "2026-01-01T00:00:00+00:00", "run")
    write_json(root / "lock.json", other.__dict__)
    with pytest.raises(ReelError, match="another-host"), hold_reel(root, "run"):
        pass
    with hold_reel(root, "run", break_lock=True) as taken_over:
        assert taken_over == other
    assert lock_holder(root) is None
