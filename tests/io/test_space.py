"""Room is checked where the reel will lie, and its end is said in a person's words."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from reelfix.io.errors import SpaceError
from reelfix.io.space import RESERVE_BYTES, free_bytes, require_space, space_errors
from reelfix.io.storage import as_path


def test_free_bytes_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    free = free_bytes(as_path(tmp_path / "not" / "yet.reel"))
    assert free is not None
    assert abs(free - shutil.disk_usage(tmp_path).free) < 2**30
    assert free_bytes(as_path("memory://a")) is None


def test_require_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelfix.io.space.free_bytes", lambda path: RESERVE_BYTES + 5_000_000)
    require_space(as_path(tmp_path), 5_000_000, what="the ingest", remedy="Free some.")
    with pytest.raises(
        SpaceError, match=r"^the ingest needs about 6.0 MB at .* but only 39 MB are free .* Free some.$"
    ):
        require_space(as_path(tmp_path), 6_000_000, what="the ingest", remedy="Free some.")


def test_object_stores_have_no_end() -> None:
    require_space(as_path("memory://a"), 2**60, what="the ingest", remedy="")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk(code: int, tmp_path: Path) -> None:
    with (
        pytest.raises(SpaceError, match=r"the ingest: no space left at .* Run it again."),
        space_errors(as_path(tmp_path), what="the ingest", remedy="Run it again."),
    ):
        raise OSError(code, os.strerror(code))


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), space_errors(as_path(tmp_path), what="", remedy=""):
        raise PermissionError(errno.EACCES, "no")
