"""Digests are sha256sum's; a sequence's covers names and order."""

import hashlib
from pathlib import Path
from threading import Event

import pytest

from reelfix.io.errors import SourceError
from reelfix.io.fixity import BackgroundDigest, DigestStopped, digest
from reelfix.io.sources import find_source


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"abc")
    told: list[int] = []
    assert digest(find_source(path), progress=told.append) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert told == [3]


def test_sequence_is_the_digest_of_sha256sums_lines(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"f{number}.dpx").write_bytes(b"picture %d" % number)
    lines = "".join(f"{hashlib.sha256(b'picture %d' % n).hexdigest()}  f{n}.dpx\n" for n in (1, 2))
    source = find_source(tmp_path)
    assert digest(source) == hashlib.sha256(lines.encode()).hexdigest()
    (tmp_path / "f1.dpx").rename(tmp_path / "f3.dpx")
    assert digest(find_source(tmp_path)) != hashlib.sha256(lines.encode()).hexdigest()


def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"abc")
    source = find_source(path)
    path.unlink()
    with pytest.raises(SourceError, match=r"a.mkv cannot be read: No such file"):
        digest(source)


def test_in_the_background_and_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"abc")
    source = find_source(path)
    with BackgroundDigest(source) as background:
        assert background.result() == digest(source)
    stop = Event()
    stop.set()
    with pytest.raises(DigestStopped):
        digest(source, stop=stop)
