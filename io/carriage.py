"""What of a source besides the picture goes into a master, and what its container cannot hold."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
from av.stream import AttachmentStream

from reelfix.io.ffmpeg import error_lines, ffmpeg_binary
from reelfix.io.source_info import OtherStream, SourceInfo

_SIDECAR_CONTAINERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "audio": (("matroska", ".mka"), ("mov", ".mov")),
    "subtitle": (("matroska", ".mks"), ("mov", ".mov")),
    "video": (("matroska", ".mkv"), ("mov", ".mov")),
    "data": (("mov", ".mov"), ("data", ".bin")),
}
_HOLDS_ATTACHMENTS = frozenset({"matroska"})
_TIMECODE_CODECS = frozenset({"tmcd", "timecode"})
_CHAPTER_CODECS = frozenset({"bin_data", "text"})


@dataclass(frozen=True)
class Untaken:
    """A stream of the source that the master does not hold, and where it went instead."""

    index: int
    kind: str
    codec: str
    reason: str
    sidecar: str | None = None
    """Name of the file beside the master that has it; None where none can."""

    def to_json(self) -> dict[str, Any]:
        """As provenance keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Carriage:
    """Where each stream of a source goes: every one is in exactly one of the three."""

    taken: tuple[OtherStream, ...]
    """Packet for packet, in the order in which they follow the picture in the master."""
    restated: tuple[OtherStream, ...]
    """Timecode and chapter tracks: said anew by the master's own timecode and chapters."""
    untaken: tuple[Untaken, ...]


def carriage_of(info: SourceInfo, container: str | None) -> Carriage:
    """Sort the source's streams by what `container` (None: an image sequence) can hold, tried on each."""
    taken, restated, untaken = [], [], []
    for stream in info.streams:
        if _is_restated(stream, info):
            restated.append(stream)
            continue
        reason = _refusal(stream, info, container)
        if reason is None:
            taken.append(stream)
        else:
            untaken.append(Untaken(stream.index, stream.kind, stream.codec, reason))
    return Carriage(tuple(taken), tuple(restated), tuple(untaken))


def _is_restated(stream: OtherStream, info: SourceInfo) -> bool:
    if stream.kind != "data":
        return False
    is_timecode = stream.codec in _TIMECODE_CODECS or "timecode" in {name.lower() for name in stream.metadata}
    if is_timecode and info.timecode is not None:
        return True
    return bool(info.chapters) and stream.codec in _CHAPTER_CODECS and "mov" in info.container


def _refusal(stream: OtherStream, info: SourceInfo, container: str | None) -> str | None:
    """Say why `container` cannot hold the stream; None where it can."""
    if container is None:
        return "an image sequence holds pictures alone"
    if stream.kind == "attachment":
        return None if container in _HOLDS_ATTACHMENTS else f"{container} holds no attachments"
    if stream.kind == "video":
        return "a master holds one picture stream"
    if stream.kind == "data":
        return f"{container} does not hold data streams of this kind unchanged"
    return _trial(info.path, stream.index, container)


def _trial(source: str, index: int, container: str) -> str | None:
    """Copy the stream's first second into `container`, to nowhere; return ffmpeg's reason if that fails."""
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-v", "error", "-i", f"file:{source}"]
    command += ["-map", f"0:{index}", "-c", "copy", "-t", "1", "-f", container, "-y", "/dev/null"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode == 0:
        return None
    lines = error_lines(done.stderr.decode("utf-8", "replace"))
    return f"{container} cannot hold it: {lines[0] if lines else 'no reason given'}"


def write_untaken(source: str, untaken: Untaken, stem: Path) -> Untaken:
    """Write an untaken stream of the file `source` beside the master (`stem` + its number and suffix).

    Returns it with the name of its sidecar, or as it was where no container holds it.
    """
    if untaken.kind == "attachment":
        return _write_attachment(source, untaken, stem)
    for container, suffix in _SIDECAR_CONTAINERS[untaken.kind]:
        target = stem.with_name(f"{stem.name}.stream{untaken.index}{suffix}")
        command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-v", "error", "-y", "-i", f"file:{source}"]
        command += ["-map", f"0:{untaken.index}", "-c", "copy", "-copyts", "-fflags", "+bitexact"]
        done = subprocess.run([*command, "-f", container, f"file:{target}"], capture_output=True, check=False)
        if done.returncode == 0:
            return _with_sidecar(untaken, target)
        target.unlink(missing_ok=True)
    return untaken


def _write_attachment(source: str, untaken: Untaken, stem: Path) -> Untaken:
    with av.open(source) as container:
        stream = container.streams[untaken.index]
        if not isinstance(stream, AttachmentStream):
            return untaken
        name = Path(stream.name or "attachment").name
        target = stem.with_name(f"{stem.name}.stream{untaken.index}.{name}")
        target.write_bytes(stream.data)
    return _with_sidecar(untaken, target)


def _with_sidecar(untaken: Untaken, target: Path) -> Untaken:
    return Untaken(untaken.index, untaken.kind, untaken.codec, untaken.reason, target.name)
