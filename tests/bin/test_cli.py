"""The command as a whole: quick to answer, clear about what is wrong, true in its exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reelfix.bin.benchmarks.material import make_reel
from reelfix.bin.exit_codes import ExitCode
from reelfix.io.errors import DeliveryError, SourceError, SpaceError, StoreError
from reelfix.pipeline.errors import Interrupted, ReelError, UsageError

HEAVY = ("torch", "av", "cv2", "dask", "distributed", "zarr", "numpy", "pydantic", "rich", "scenedetect")
PROBE = """
import json, sys, time
began = time.process_time()
from reelfix.bin.cli import main
try:
    main({arguments!r}, prog_name="reelfix")
except SystemExit as end:
    code = end.code
found = sorted(set({heavy!r}) & set(sys.modules))
print(json.dumps([code, found, time.process_time() - began]), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["shots", "--help"], ["--version"]])
def test_help_is_quick(arguments: list[str]) -> None:
    """`--help` imports nothing heavy, and answers well within half a second of processor time."""
    script = PROBE.format(arguments=arguments, heavy=HEAVY)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, found, seconds = json.loads(ended.stderr)
    assert (code, found) == (0, [])
    assert seconds < 0.5
    assert "reelfix" in ended.stdout


def test_help_lists_every_command(invoke) -> None:  # type: ignore[no-untyped-def]
    result = invoke("--help")
    for name in ["ingest", "run", "status", "shots", "sheet", "export", "verify", "clean", "presets", "demo"]:
        assert f"\n  {name} " in result.output
        assert invoke(name, "--help").exit_code == 0


def test_an_unknown_command_is_answered_with_the_nearest(invoke) -> None:  # type: ignore[no-untyped-def]
    result = invoke("exprot")
    assert result.exit_code == ExitCode.USAGE
    assert "no command 'exprot'. Did you mean 'export'?" in result.output


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("that cannot be"), 2, "that cannot be"),
        (SourceError("no pictures"), 3, "no pictures"),
        (StoreError("half written"), 3, "half written"),
        (ReelError("held by another"), 3, "held by another"),
        (SpaceError("9 GB are missing"), 3, "9 GB are missing"),
        (DeliveryError("2 frames differ"), 1, "2 frames differ"),
        (PermissionError(13, "Permission denied", "/x"), 3, "/x: Permission denied. Check its permissions."),
        (OSError(28, "No space left on device", "/y"), 3, "Make room there"),
        (KeyboardInterrupt(), 130, "to go on, give the same command again: reelfix run a.reel --shots 2"),
        (Interrupted("stopped at frame 3"), 130, "give the same command again"),
        (
            RuntimeError("a tensor\nof size 3"),
            1,
            "unexpected RuntimeError: a tensor of size 3 (the traceback is in",
        ),
    ],
)
def test_what_goes_wrong_becomes_a_message_and_a_code(
    invoke,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    said: str,  # type: ignore[no-untyped-def]
) -> None:
    """Every kind of exception has its exit code, and one line on the screen, without a traceback."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("reelfix.pipeline.run.run", fail)
    result = invoke("run", "a.reel", "--shots", "2")
    assert result.exit_code == code
    assert said in result.output
    assert result.output.startswith("reelfix: ")
    assert result.output.count("\n") == 1


def test_an_unexpected_error_is_logged_with_the_reel(invoke, make_tiny_reel, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The traceback goes to the reel's log, the other reels go on."""
    good, bad = make_tiny_reel("good"), make_tiny_reel("bad")
    from reelfix.pipeline import status

    whole = status.reel_status

    def fail_on_bad(reel: object) -> object:
        if "bad" in str(reel):
            raise ZeroDivisionError("division by zero")
        return whole(reel)  # type: ignore[arg-type]

    monkeypatch.setattr(status, "reel_status", fail_on_bad)
    result = invoke("status", bad, good)
    assert result.exit_code == ExitCode.FAILED
    log = Path(str(bad.root)) / "log.txt"
    assert f"unexpected ZeroDivisionError: division by zero (the traceback is in {log})" in result.stderr
    assert "Traceback" in log.read_text()
    assert "Traceback" not in result.output
    assert "good: 20 frames" in result.stdout


def test_a_log_is_never_written_beside_a_source(invoke, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """A folder of pictures is a source: what goes wrong on it is logged elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "000001.png").write_bytes(b"a picture")

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("reelfix.pipeline.ingest.ingest", fail)
    assert invoke("ingest", "scan").exit_code == ExitCode.FAILED
    assert [path.name for path in (tmp_path / "scan").iterdir()] == ["000001.png"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_run_within_two_seconds(tmp_path: Path, number: signal.Signals) -> None:
    """Signalled in the midst of a stage, the process says how to go on, and is gone in two seconds."""
    reel = make_reel(tmp_path / "long.reel", frames=1000, shots=1, height=240, width=320)
    command = [sys.executable, "-m", "reelfix.bin", "run", str(reel), "--stages", "deflicker", "--json"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        assert any("WindowDone" in line for line in run.stdout)
        sent = time.monotonic()
        run.send_signal(number)
        _, said = run.communicate(timeout=30)
        seconds = time.monotonic() - sent
    assert run.returncode == ExitCode.INTERRUPTED
    assert seconds < 8  # two where nothing else runs; a busy machine adds several
    assert "stopped. What was done is kept" in said
    assert "Traceback" not in said
