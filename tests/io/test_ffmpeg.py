"""The stock ffmpeg is found, run and listened to."""

from pathlib import Path

import pytest

from reelfix.io import ffmpeg
from reelfix.io.errors import SourceError
from reelfix.io.ffmpeg import describe, error_lines, ffmpeg_binary, ffmpeg_version, run_ffmpeg


def test_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ffmpeg_binary.cache_clear()
    own = tmp_path / "ffmpeg"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    try:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", str(tmp_path))
            assert ffmpeg_binary() == str(own)
        ffmpeg_binary.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(ffmpeg.shutil, "which", lambda name: None)
            assert "imageio_ffmpeg" in ffmpeg_binary()
    finally:
        ffmpeg_binary.cache_clear()


def test_version() -> None:
    assert ffmpeg_version()[0] in "n0123456789N"


def test_failure_carries_its_words(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.mkv"
    with run_ffmpeg(f"file:{nothing}", {}, "-", {"f": "null"}) as running:
        assert list(running.lines()) == []
        with pytest.raises(SourceError, match=r"ffmpeg ended with status \d+: .*No such file"):
            running.finish()
    assert "No such file" in describe(f"file:{nothing}", {})


def test_leaving_early_kills_it() -> None:
    source = ("testsrc2", {"f": "lavfi"})
    with run_ffmpeg(*source, "pipe:", {"f": "framemd5"}) as running:
        first = next(line for line in running.lines() if not line.startswith("#"))
    assert first.startswith("0,")
    assert running.process.returncode not in (0, None)


def test_error_lines() -> None:
    assert error_lines("a\n\n b \n") == ("a", "b")
