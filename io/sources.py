"""Where a source's pictures lie: one file, or a numbered sequence of images."""

import os
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

from reelfix.io.errors import SourceError
from reelfix.io.storage import Location, as_path, is_local, local_path

PICTURE_SUFFIXES = frozenset(
    {".dpx", ".cin", ".tif", ".tiff", ".png", ".exr", ".jp2", ".j2k", ".j2c", ".jpg", ".jpeg", ".bmp", ".tga"}
)
DEFAULT_RATE = Fraction(24)
_NUMBER = re.compile(r"%0?(\d*)d")


@dataclass(frozen=True)
class Source:
    """A source as found on disk; opened read-only by all that take one."""

    path: str
    """Absolute: of the file, or of the sequence with its number as `%06d`."""
    kind: Literal["file", "sequence"]
    files: tuple[str, ...]
    """The file, or the sequence's files in order."""
    size: int
    """Bytes, of all files."""
    modified_ns: int
    """Latest modification, nanoseconds since 1970."""
    first_number: int = 0
    rate: Fraction | None = None
    """Frames per second, for a sequence."""
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`reel01` for `reel01.mkv`, `scan` for `scan.%06d.dpx`."""
        stem = Path(self.path).stem
        if self.kind == "sequence":
            stem = _NUMBER.sub("", stem).strip("._- ") or Path(self.path).parent.name
        return stem

    @property
    def url(self) -> str:
        """What ffmpeg opens."""
        if self.kind == "sequence":
            folder, name = os.path.split(self.path)
            return f"file:{folder.replace('%', '%%')}/{name}"
        return f"file:{self.path}"

    @property
    def demuxer(self) -> str | None:
        """The demuxer to use; None where ffmpeg is to find out."""
        return "image2" if self.kind == "sequence" else None

    @property
    def options(self) -> dict[str, str]:
        """The demuxer's options."""
        if self.kind == "file":
            return {}
        return {"framerate": str(self.rate), "start_number": str(self.first_number)}

    @property
    def command_options(self) -> dict[str, str]:
        """The same for ffmpeg's command line, before `-i`."""
        return {"f": "image2", **self.options} if self.kind == "sequence" else {}


def find_source(location: Location, *, fps: Fraction | None = None) -> Source:
    """Find the source at `location`: a file, a pattern (`scan.%06d.dpx`) or a folder of pictures.

    `fps` is a sequence's frame rate, 24 where not given; of no effect on a file, which has its own. Raises
    SourceError, saying what was found instead.
    """
    path = as_path(location)
    if not is_local(path):
        raise SourceError(f"source {path} is not on a local file system. Copy it here first.")
    place = Path(local_path(path))
    try:
        if _NUMBER.search(place.name) and not place.exists():
            return _sequence(place, fps)
        if place.is_dir():
            return _sequence(_pattern_in(place), fps)
        return _file(place)
    except PermissionError as error:
        raise SourceError(f"{place} cannot be read: {error.strerror}. Grant read access to it.") from error
    except OSError as error:
        raise SourceError(f"{place} cannot be read: {error.strerror or error}.") from error


def _file(place: Path) -> Source:
    if not place.exists():
        raise SourceError(f"there is no file {place}. Check the name, and that its disk is mounted.")
    if not place.is_file():
        raise SourceError(f"{place} is neither a file nor a folder of pictures.")
    state = place.stat()
    if state.st_size == 0:
        raise SourceError(f"{place} is empty (0 bytes). Copy it again from where it came.")
    with place.open("rb"):
        pass  # readable by this user: said now, not by a demuxer later
    return Source(str(place), "file", (str(place),), state.st_size, state.st_mtime_ns)


def _pattern_in(folder: Path) -> Path:
    """The pattern of the one sequence in a folder."""
    found: dict[tuple[str, str], list[str]] = {}
    for entry in os.scandir(folder):
        if Path(entry.name).suffix.lower() in PICTURE_SUFFIXES and not entry.name.startswith("."):
            numbered = re.fullmatch(r"(.*?)(\d+)(\.[^.]+)", entry.name)
            prefix, digits, suffix = numbered.groups() if numbered else (entry.name, "", "")
            found.setdefault((prefix, suffix), []).append(digits)
    if not found:
        kinds = " ".join(sorted(PICTURE_SUFFIXES))
        raise SourceError(f"folder {folder} has no pictures in it (looked for {kinds}).")
    if len(found) > 1:
        names = ", ".join(sorted(f"{prefix}#{suffix}" for prefix, suffix in found)[:4])
        raise SourceError(
            f"folder {folder} has {len(found)} series of pictures ({names}): a reel is one. "
            f"Name it, as in {folder}/scan.%06d.dpx."
        )
    ((prefix, suffix), numbers) = next(iter(found.items()))
    if not numbers[0]:
        raise SourceError(
            f"the pictures in {folder} are not numbered ({prefix}). Number them, as in scan.000001.dpx."
        )
    widths = {len(digits) for digits in numbers}
    field = f"%0{widths.pop()}d" if len(widths) == 1 else "%d"
    return folder / f"{prefix.replace('%', '%%')}{field}{suffix}"


def _sequence(pattern: Path, fps: Fraction | None) -> Source:
    numbers = _numbers_of(pattern)
    if not numbers:
        raise SourceError(
            f"no picture matches {pattern}. Check the name and the digits (%06d: six, with zeros)."
        )
    expected = numbers[-1] - numbers[0] + 1
    if len(numbers) != expected:
        first = next(before + 1 for before, after in pairwise(numbers) if after != before + 1)
        raise SourceError(
            f"the sequence {pattern} has gaps: {expected - len(numbers)} of {expected} pictures are missing, "
            f"the first is {_name(pattern, first)}. Put them back; a reel keeps every frame."
        )
    files = tuple(str(pattern.parent / _name(pattern, number)) for number in numbers)
    states = [os.stat(file) for file in files]  # noqa: PTH116 - a million of them
    empty = next((file for file, state in zip(files, states, strict=True) if state.st_size == 0), None)
    if empty is not None:
        raise SourceError(f"{empty} is empty (0 bytes). Copy it again from where it came.")
    notices: tuple[str, ...] = ()
    if fps is None:
        notices = (
            f"no frame rate was given for the sequence: taken as {DEFAULT_RATE} frames per second (--fps)",
        )
    return Source(
        str(pattern),
        "sequence",
        files,
        sum(state.st_size for state in states),
        max(state.st_mtime_ns for state in states),
        numbers[0],
        fps or DEFAULT_RATE,
        notices,
    )


def _numbers_of(pattern: Path) -> list[int]:
    head, tail = _NUMBER.split(pattern.name, maxsplit=1)[0::2]
    digits = re.compile(rf"{re.escape(head.replace('%%', '%'))}(\d+){re.escape(tail.replace('%%', '%'))}")
    if not pattern.parent.is_dir():
        raise SourceError(
            f"there is no folder {pattern.parent}. Check the name, and that its disk is mounted."
        )
    found = (digits.fullmatch(entry.name) for entry in os.scandir(pattern.parent))
    return sorted(
        int(match.group(1))
        for match in found
        if match and match.group(0) == _name(pattern, int(match.group(1)))
    )


def _name(pattern: Path, number: int) -> str:
    return pattern.name % number
