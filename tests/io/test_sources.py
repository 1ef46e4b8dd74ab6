"""A source is found, or what was found instead is said."""

from fractions import Fraction
from pathlib import Path

import pytest

from reelfix.io.errors import SourceError
from reelfix.io.sources import find_source


def pictures(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"picture")
    return folder


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "reel01.mkv"
    path.write_bytes(b"12345")
    source = find_source(path)
    assert (source.kind, source.name, source.size, source.files) == ("file", "reel01", 5, (str(path),))
    assert (source.url, source.demuxer, source.options) == (f"file:{path}", None, {})


def test_folder_of_pictures(tmp_path: Path) -> None:
    folder = pictures(
        tmp_path / "100% scan", "s.0998.dpx", "s.0999.dpx", "s.1000.dpx", "notes.txt", ".s.0001.dpx"
    )
    source = find_source(folder, fps=Fraction(24000, 1001))
    assert source.path == str(folder / "s.%04d.dpx")
    assert (source.kind, source.name, source.first_number, source.size) == ("sequence", "s", 998, 21)
    assert [Path(file).name for file in source.files] == ["s.0998.dpx", "s.0999.dpx", "s.1000.dpx"]
    assert source.url == f"file:{tmp_path}/100%% scan/s.%04d.dpx"
    assert source.options == {"framerate": "24000/1001", "start_number": "998"}
    assert source.command_options["f"] == "image2"
    assert source.notices == ()


def test_pattern_takes_only_what_it_names(tmp_path: Path) -> None:
    folder = pictures(tmp_path, "a001.png", "a002.png", "a0003.png", "b001.png")
    source = find_source(folder / "a%03d.png")
    assert [Path(file).name for file in source.files] == ["a001.png", "a002.png"]
    assert source.rate == 24
    assert "taken as 24 frames per second (--fps)" in source.notices[0]


def test_numbers_without_zeros(tmp_path: Path) -> None:
    names = [f"frame{number}.tif" for number in range(8, 12)]
    source = find_source(pictures(tmp_path / "scan", *names))
    assert source.path.endswith("frame%d.tif")
    assert [Path(file).name for file in source.files] == names


def test_name_from_the_folder_where_pictures_have_only_numbers(tmp_path: Path) -> None:
    assert find_source(pictures(tmp_path / "reel07", "0001.dpx", "0002.dpx")).name == "reel07"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "has no pictures in it"),
        (("a.txt",), "has no pictures in it"),
        (("a1.png", "a2.png", "a5.png", "a6.png"), r"gaps: 2 of 6 pictures are missing, the first is a3.png"),
        (("a1.png", "b1.png"), r"has 2 series of pictures \(a#.png, b#.png\)"),
        (("portrait.png",), r"are not numbered \(portrait.png\)"),
    ],
)
def test_folders_that_are_no_source(names: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        find_source(pictures(tmp_path / "scan", *names))


def test_empty_picture(tmp_path: Path) -> None:
    folder = pictures(tmp_path, "a1.png", "a2.png", "a3.png")
    (folder / "a2.png").write_bytes(b"")
    with pytest.raises(SourceError, match=r"a2.png is empty \(0 bytes\)"):
        find_source(folder)


def test_gap_of_a_billion_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"999999999 of 1000000001 .* first is a0000000001.png"):
        find_source(pictures(tmp_path, "a0000000000.png", "a1000000000.png"))


def test_files_that_are_no_source(tmp_path: Path) -> None:
    (tmp_path / "zero.mkv").write_bytes(b"")
    with pytest.raises(SourceError, match=r"zero.mkv is empty \(0 bytes\)"):
        find_source(tmp_path / "zero.mkv")
    with pytest.raises(SourceError, match=r"there is no file .*none.mkv"):
        find_source(tmp_path / "none.mkv")
    with pytest.raises(SourceError, match="no picture matches"):
        find_source(tmp_path / "none.%06d.dpx")
    with pytest.raises(SourceError, match="there is no folder"):
        find_source(tmp_path / "nowhere" / "none.%06d.dpx")
    with pytest.raises(SourceError, match="is neither a file nor a folder"):
        find_source("/dev/null")
    with pytest.raises(SourceError, match="is not on a local file system"):
        find_source("s3://bucket/film.mkv")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"film")

    def refused(self: Path, *arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(SourceError, match=r"film.mkv cannot be read: Permission denied. Grant read access"):
        find_source(path)
