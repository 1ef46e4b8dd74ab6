"""The master's file: the encoded picture, piped in, and all else of the source, packet for packet.

The stock ffmpeg assembles the file while the encoder runs, in one pass: it sets what PyAV cannot (sample
aspect ratio and audio priming in Matroska), and is what the file will be checked with.
"""

import contextlib
import fcntl
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.packet import Packet
from av.stream import Stream

from reelfix.io.carriage import Carriage
from reelfix.io.encode import PIPED
from reelfix.io.errors import DeliveryError, SourceError, SpaceError
from reelfix.io.ffmpeg import RunningFfmpeg, ffmpeg_binary
from reelfix.io.segments import Segment, Timeline
from reelfix.io.source_info import Chapter, SourceInfo
from reelfix.io.tags import PictureTags

_PIPE_BYTES = 2**20
_OWN_KEYS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "timecode", "duration"}
)
_STATISTICS = ("bps", "number_of_", "_statistics")
_OUTPUT_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "matroska": (),
    "mov": ("-movflags", "+use_metadata_tags", "-write_tmcd", "1"),
    "mp4": ("-movflags", "+faststart+use_metadata_tags"),
}


@dataclass(frozen=True)
class MuxJob:
    """What the file is made of."""

    info: SourceInfo
    container: str
    timeline: Timeline
    carriage: Carriage
    tags: PictureTags
    height: int
    width: int


class Muxer:
    """A running ffmpeg that writes `target`; the encoder writes to `url`."""

    def __init__(self, job: MuxJob, target: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="reelfix-mux-")
        try:
            others = _other_input(job, Path(self._folder.name))
            metadata = Path(self._folder.name) / "metadata.txt"
            metadata.write_text(ffmetadata(job.info, job.timeline), encoding="utf-8")
            command = mux_command(job, others, metadata, target)
            reading, self._writing = _wide_pipe()
            try:
                process = subprocess.Popen(command, stdin=reading, stderr=subprocess.PIPE)
            finally:
                os.close(reading)
        except BaseException:
            self._folder.cleanup()
            raise
        self._running = RunningFfmpeg(process)
        self.url = f"pipe:{self._writing}"

    def __enter__(self) -> "Muxer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close_pipe()
            process = self._running.process
            if kind is not None and not isinstance(error, av.FFmpegError):
                process.kill()
            try:
                self._running.finish()
            except SourceError as failure:
                if kind is None or isinstance(error, av.FFmpegError):
                    raise _failure(failure) from error
        finally:
            self._folder.cleanup()

    def _close_pipe(self) -> None:
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1


def _wide_pipe() -> tuple[int, int]:
    """A pipe that holds a frame or more where the system lets it: fewer waits at either end."""
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # over this user's limit: as it is, then
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reading, writing


def _failure(failure: SourceError) -> DeliveryError | SpaceError:
    """What ffmpeg's end means for the master."""
    if "No space left" in str(failure):
        return SpaceError(f"the disk of the master is full: {failure}. Free some space and export again.")
    return DeliveryError(f"the master could not be assembled: {failure}")


def mux_command(job: MuxJob, others: Path | None, metadata: Path, target: Path) -> list[str]:
    """Return the ffmpeg command that makes `target` of the piped picture and the streams of `others`."""
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-v", "error", "-y"]
    command += ["-f", PIPED[job.container], "-i", "pipe:0", "-f", "ffmetadata", "-i", f"file:{metadata}"]
    maps = ["-map", "0:v:0"]
    if others is not None:
        command += ["-i", f"file:{others}"]
        is_source = str(others) == job.info.path
        for place, stream in enumerate(job.carriage.taken):
            maps += ["-map", f"2:{stream.index if is_source else place}"]
    command += [*maps, "-c", "copy", "-copyts", "-map_metadata", "1", "-map_chapters", "1"]
    for key, value in picture_metadata(job.info, job.tags).items():
        command += ["-metadata:s:v:0", f"{key}={value}"]
    if job.tags.shape is not None and job.container == "matroska":
        shape = job.tags.shape * Fraction(job.width, job.height)
        command += ["-aspect:v:0", f"{shape.numerator}:{shape.denominator}"]
    command += [*_OUTPUT_OPTIONS[job.container], "-fflags", "+bitexact", "-flags", "+bitexact"]
    return [*command, "-f", job.container, f"file:{target}"]


def picture_metadata(info: SourceInfo, tags: PictureTags) -> dict[str, str]:
    """Return the picture stream's own metadata: what still holds of the source's, and the timecode."""
    kept = {key: value for key, value in info.video.metadata.items() if _is_carried(key)}
    return kept | ({"timecode": tags.timecode} if tags.timecode else {})


def _is_carried(key: str) -> bool:
    return key.lower() not in _OWN_KEYS and not key.lower().startswith(_STATISTICS)


def ffmetadata(info: SourceInfo, timeline: Timeline) -> str:
    """Write global metadata and chapters in ffmpeg's own text form."""
    lines = [";FFMETADATA1"]
    lines += [f"{_escaped(key)}={_escaped(value)}" for key, value in carried_metadata(info).items()]
    for chapter in chapters_within(info.chapters, timeline):
        base = Fraction(chapter.time_base)
        lines += ["[CHAPTER]", f"TIMEBASE={base.numerator}/{base.denominator}"]
        lines += [f"START={chapter.start}", f"END={chapter.stop}"]
        lines += [f"{_escaped(key)}={_escaped(value)}" for key, value in chapter.metadata.items()]
    return "\n".join(lines) + "\n"


def carried_metadata(info: SourceInfo) -> dict[str, str]:
    """Return the source's global metadata, less what describes its own file."""
    return {key: value for key, value in info.metadata.items() if _is_carried(key)}


def _escaped(text: str) -> str:
    for sign in ("\\", "=", ";", "#", "\n"):
        text = text.replace(sign, "\\" + sign)
    return text


def chapters_within(chapters: tuple[Chapter, ...], timeline: Timeline) -> tuple[Chapter, ...]:
    """Return the chapters as the master's clock has them: all, or what of them lies in the segments."""
    if timeline.is_whole:
        return chapters
    found = []
    for segment in timeline.segments:
        for chapter in chapters:
            base = Fraction(chapter.time_base)
            start = max(chapter.start * base, segment.begins)
            stop = min(chapter.stop * base, segment.ends)
            if start < stop:
                units = [round((time + segment.shift) / base) for time in (start, stop)]
                found.append(chapter.model_copy(update={"start": units[0], "stop": units[1]}))
    return tuple(found)


def _other_input(job: MuxJob, folder: Path) -> Path | None:
    """Return the file whose streams go beside the picture: the source, or what was cut of it."""
    if not job.carriage.taken:
        return None
    if job.timeline.is_whole:
        return Path(job.info.path)
    cut = folder / "cut"
    cut_streams(job, cut)
    return cut


def cut_streams(job: MuxJob, target: Path) -> None:
    """Copy the packets of the taken streams that lie in the timeline's segments, on the master's clock."""
    with av.open(job.info.path) as source, av.open(str(target), "w", format=job.container) as cut:
        pairs: dict[int, Stream] = {}
        for entry in job.carriage.taken:
            stream = source.streams[entry.index]
            copied = cut.add_stream_from_template(stream)
            copied.metadata.update(entry.metadata)
            copied.disposition = stream.disposition
            pairs[entry.index] = copied
        cut.start_encoding()
        wanted = [source.streams[index] for index in pairs if source.streams[index].type != "attachment"]
        for packet in source.demux(wanted) if wanted else ():
            moved = _moved(packet, job.timeline)
            if moved is not None:
                packet.stream = pairs[packet.stream.index]
                cut.mux_one(moved)


def holding_segment(packet: "Packet[Stream]", timeline: Timeline) -> Segment | None:
    """Return the segment that a packet goes with: the one it begins in; of a subtitle: that it is seen in."""
    if packet.pts is None:
        return None
    begins = packet.pts * packet.time_base
    ends = begins + (packet.duration or 0) * packet.time_base
    for segment in timeline.segments:
        if timeline.is_whole or segment.holds(begins):
            return segment
        if packet.stream.type == "subtitle" and begins < segment.begins < ends:
            return segment
    return None


def _moved(packet: "Packet[Stream]", timeline: Timeline) -> "Packet[Stream] | None":
    """Set a packet's times to the master's clock; None where the master does not show its time."""
    segment = holding_segment(packet, timeline)
    if segment is None or packet.pts is None:
        return None
    base = packet.time_base
    begins = max(packet.pts * base, segment.begins)
    if packet.stream.type == "subtitle" and packet.duration:
        ends = min((packet.pts + packet.duration) * base, segment.ends)
        packet.duration = round((ends - begins) / base)
    delay = (packet.dts - packet.pts) if packet.dts is not None else 0
    packet.pts = round((begins + segment.shift) / base)
    packet.dts = packet.pts + delay
    return packet
