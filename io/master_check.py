"""The checks that a master must pass before it gets its name.

Each returns what is wrong in words, nothing where all is well. Pictures are decoded by the stock ffmpeg,
not by the library that encoded them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import av
from av.packet import Packet
from av.stream import AttachmentStream, Stream

from reelfix.io.encode import NUMBER_FIELD
from reelfix.io.ffmpeg import describe, ffmpeg_binary, started_ffmpeg
from reelfix.io.mux import MuxJob, carried_metadata, chapters_within, holding_segment
from reelfix.io.segments import Clock, Timeline
from reelfix.io.source_info import OtherStream
from reelfix.io.tags import HELD_BY, parse_tags
from reelfix.io.thumbnails import ThumbnailFile

_AUDIO_PRIMING = Fraction(1, 5)
"""Seconds by which a container that knows no times before 0 may have had to move all streams."""


@dataclass(frozen=True)
class DecodedFrame:
    """One frame of a master, as the stock ffmpeg decodes it."""

    line: str
    """As its framemd5 muxer writes it."""

    seconds: Fraction
    digest: str
    """MD5 of its samples in the format that was asked for."""


@dataclass(frozen=True)
class Decoded:
    """The picture stream of a master, decoded by the stock ffmpeg."""

    pix_fmt: str
    header: tuple[str, ...]
    """The comment lines of the framemd5."""
    frames: tuple[DecodedFrame, ...]

    @property
    def framemd5(self) -> str:
        """The whole framemd5, as ffmpeg writes it, and the options that give it again."""
        command = f"#command: ffmpeg -i MASTER {' '.join(_words(self.pix_fmt))} -f framemd5 -"
        return "\n".join([*self.header, command, *(frame.line for frame in self.frames)]) + "\n"


@dataclass(frozen=True)
class PictureSequence:
    """How the pictures of a folder are named and timed."""

    stem: str
    suffix: str
    first: int
    """Number of the first."""
    rate: Fraction
    """Frames per second."""


def decoder_input(path: Path, sequence: PictureSequence | None) -> tuple[str, dict[str, str]]:
    """Return the URL and the options with which ffmpeg opens a master: a file, or a folder of pictures."""
    if sequence is None:
        return f"file:{path}", {}
    pattern = f"{str(path / sequence.stem).replace('%', '%%')}.{NUMBER_FIELD}{sequence.suffix}"
    options = {"f": "image2", "framerate": str(sequence.rate), "start_number": str(sequence.first)}
    return f"file:{pattern}", options


DECODE_OPTIONS: Mapping[str, str | None] = {
    "map": "0:v:0",
    "fps_mode": "passthrough",
    "enc_time_base": "demux",
    "copyts": None,
}
"""Every frame as the file has it, none doubled or left out, in units of the file's own clock."""


def _words(pix_fmt: str) -> list[str]:
    """The options as ffmpeg's command line has them."""
    options = {**DECODE_OPTIONS, "pix_fmt": pix_fmt}
    return [word for name, value in options.items() for word in (f"-{name}", value) if word is not None]


def decode_master(
    url: str,
    options: Mapping[str, str],
    pix_fmt: str,
    *,
    thumbnails: ThumbnailFile | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Decoded:
    """Decode the first picture stream with the stock ffmpeg; raises SourceError where it cannot be read.

    `thumbnails`: where to write small gray pictures, in the same pass.
    """
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-v", "warning"]
    command += [word for name, value in options.items() for word in (f"-{name}", value)]
    command += ["-i", url, *_words(pix_fmt), "-f", "framemd5", "pipe:"]
    if thumbnails is not None:
        command += ["-map", "0:v:0", "-fps_mode", "passthrough", "-vf", thumbnails.filters]
        command += ["-f", "rawvideo", "-y", f"file:{thumbnails.path}"]
    header: list[str] = []
    frames: list[DecodedFrame] = []
    time_base = Fraction(1)
    with started_ffmpeg(command) as running:
        for line in running.lines():
            if line.startswith("#"):
                header.append(line)
                if line.startswith("#tb 0:"):
                    time_base = Fraction(line.split(":")[1].strip())
            elif line:
                fields = line.split(",")
                frames.append(DecodedFrame(line, int(fields[2]) * time_base, fields[5].strip()))
                progress(len(frames))
        running.finish()
    return Decoded(pix_fmt, tuple(header), tuple(frames))


def check_frames(
    decoded: Sequence[DecodedFrame], clock: Clock, digests: Sequence[str] | None, *, tick: Fraction
) -> tuple[list[str], Fraction]:
    """Compare decoded frames with what was meant: their number, times, and (where lossless) their content.

    `tick`: seconds that the container's clock resolves. Returns the findings, and the seconds by which the
    file's clock lies after the source's (not 0 only where audio begins before time 0).
    """
    findings = []
    if len(decoded) != len(clock.pts):
        findings.append(f"it has {len(decoded)} frames, must have {len(clock.pts)}")
    meant = [pts * clock.time_base for pts in clock.pts]
    shift = decoded[0].seconds - meant[0] if decoded and meant else Fraction(0)
    if not -tick <= shift <= _AUDIO_PRIMING:
        findings.append(f"its first frame is shown at {_time(meant[0] + shift)}, must be {_time(meant[0])}")
    for index, (frame, seconds) in enumerate(zip(decoded, meant, strict=False)):
        if abs(frame.seconds - shift - seconds) > tick:
            findings.append(
                f"frame {index} is shown at {_time(frame.seconds - shift)}, must be {_time(seconds)}"
            )
            break
    if digests is not None:
        for index, (frame, digest) in enumerate(zip_longest(decoded, digests)):
            if frame is None or digest is None or frame.digest != digest:
                got = frame.digest if frame is not None else "nothing"
                findings.append(f"frame {index} decodes to {got}, was meant to be {digest or 'no frame'}")
                break
    return findings, shift


def check_tags(path: Path, job: MuxJob) -> list[str]:
    """Compare the file's tags, as the stock ffmpeg reports them, with those meant, where it can hold them."""
    found = parse_tags(describe(f"file:{path}", {}))
    return job.tags.differing(found, HELD_BY[job.container], width=job.width)


@dataclass(frozen=True)
class StreamDigest:
    """All that a stream carries: its payload, and when it begins and ends."""

    sha256: str
    """Of the packets' payloads, one after another."""
    packets: int
    size: int
    first: Fraction | None
    """Seconds: presentation time of the first packet."""
    last: Fraction | None
    """Seconds: presentation time of the last packet."""


def digest_streams(
    path: Path, indices: Sequence[int], timeline: Timeline | None = None
) -> dict[int, StreamDigest]:
    """Digest the payloads of the streams `indices` of a file, of those packets that a timeline shows.

    Times are moved to the timeline's. An attachment's payload is its content.
    """
    sums = {index: hashlib.sha256() for index in indices}
    times: dict[int, list[Fraction]] = {index: [] for index in indices}
    counts = dict.fromkeys(indices, 0)
    sizes = dict.fromkeys(indices, 0)
    with av.open(str(path)) as container:
        streams = [container.streams[index] for index in indices]
        for stream in streams:
            if isinstance(stream, AttachmentStream):
                sums[stream.index].update(stream.data)
                sizes[stream.index] = len(stream.data)
        timed = [stream for stream in streams if stream.type != "attachment"]
        for packet in container.demux(timed) if timed else ():
            shift = _shift(packet, timeline)
            if packet.size == 0 or shift is None:
                continue
            index = packet.stream.index
            payload = _payload(packet)
            sums[index].update(payload)
            counts[index] += 1
            sizes[index] += len(payload)
            if packet.pts is not None:
                moment = packet.pts * packet.time_base + shift
                times[index] = [*times[index][:1], moment]
    return {
        index: StreamDigest(
            sums[index].hexdigest(),
            counts[index],
            sizes[index],
            times[index][0] if times[index] else None,
            times[index][-1] if times[index] else None,
        )
        for index in indices
    }


def _shift(packet: "Packet[Stream]", timeline: Timeline | None) -> Fraction | None:
    """Seconds from the packet's clock to the master's; None where the master leaves it out."""
    if timeline is None or timeline.is_whole:
        return Fraction(0)
    segment = holding_segment(packet, timeline)
    if segment is None or packet.pts is None:
        return None
    return segment.shift + max(Fraction(0), segment.begins - packet.pts * packet.time_base)


def _payload(packet: "Packet[Stream]") -> bytes:
    """A packet's content; AAC without the ADTS header, which MKV and MOV keep once, in the track's header."""
    payload = bytes(packet)
    if (
        packet.stream.codec_context.name.startswith("aac")
        and payload[:1] == b"\xff"
        and payload[1] & 0xF6 == 0xF0
    ):
        return payload[7 if payload[1] & 1 else 9 :]
    return payload


def check_streams(
    path: Path, job: MuxJob, expected: Mapping[int, StreamDigest], *, shift: Fraction, tick: Fraction
) -> list[str]:
    """Compare the inventory of streams, their payloads, the chapters and the metadata with what was meant."""
    findings = []
    with av.open(str(path)) as container:
        own = [stream for stream in container.streams if stream.type != "data"]
        kinds = [stream.type for stream in own]
        meant = ["video", *(stream.kind for stream in job.carriage.taken)]
        if kinds != meant:
            return [f"its streams are {', '.join(kinds)}; must be {', '.join(meant)}"]
        found = digest_streams(path, [stream.index for stream in own[1:]])
        for stream, entry in zip(own[1:], job.carriage.taken, strict=True):
            findings += _differences(
                entry, expected[entry.index], found[stream.index], shift=shift, tick=tick
            )
        findings += _chapter_findings(container.chapters(), job, shift=shift)
        kept = {name.lower(): value for name, value in container.metadata.items()}
        for name, value in carried_metadata(job.info).items():
            if job.container == "matroska" and kept.get(name.lower()) != value:
                findings.append(f"metadata {name!r} is {kept.get(name.lower())!r}, must be {value!r}")
    return findings


def _differences(
    stream: OtherStream, meant: StreamDigest, found: StreamDigest, *, shift: Fraction, tick: Fraction
) -> list[str]:
    """Compare one stream. PCM has no packets of its own: containers cut it as they like."""
    where = f"{stream.kind} stream {stream.index} ({stream.codec})"
    is_pcm = stream.codec.startswith("pcm_")
    if found.sha256 != meant.sha256:
        return [
            f"{where} has {found.packets} packets of {found.size} bytes with SHA-256 {found.sha256[:16]}..., "
            f"must have {meant.packets} of {meant.size} bytes with {meant.sha256[:16]}..."
        ]
    if not is_pcm and found.packets != meant.packets:
        return [f"{where} has {found.packets} packets, must have {meant.packets}"]
    ends = [("first", meant.first, found.first)]
    ends += [] if is_pcm else [("last", meant.last, found.last)]
    for name, before, after in ends:
        if before is not None and after is not None and abs(after - shift - before) > 2 * tick:
            return [f"{where}: the {name} packet is at {_time(after - shift)}, must be {_time(before)}"]
    return []


def _chapter_findings(found: Sequence[Mapping[str, object]], job: MuxJob, *, shift: Fraction) -> list[str]:
    meant = chapters_within(job.info.chapters, job.timeline)
    if len(found) != len(meant):
        return [f"it has {len(found)} chapters, must have {len(meant)}"]
    for number, (there, here) in enumerate(zip(found, meant, strict=True), start=1):
        begins = here.start * Fraction(here.time_base)
        at = Fraction(str(there["start"])) * Fraction(str(there["time_base"]))
        if abs(at - shift - begins) > Fraction(1, 500) and abs(at - begins) > Fraction(1, 500):
            return [f"chapter {number} begins at {float(at):.3f} s, must be {float(begins):.3f} s"]
    return []


def _time(seconds: Fraction) -> str:
    return f"{float(seconds):.6f} s"
