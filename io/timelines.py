"""Lists of cuts in and out: OpenTimelineIO, CMX 3600 edit decision lists, CSV.

Pure functions between text and half-open frame ranges. The EDL is written here rather than by OTIO's adapter,
which knows no rate of silent film (16, 18, 20 fps) and takes every 29.97 for drop-frame.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reelfix.io.errors import SourceError
from reelfix.io.timecode import Timecode, nominal_rate

Cut = tuple[int, int, str]
"""First frame, frame after the last, name."""

_EDL_EVENT = re.compile(r"^\s*(\d+)\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+\d+)?\s+((?:\d+:\d\d:\d\d[:;.]\d+\s*){4})$")
_EDL_NAME = re.compile(r"^\*\s*FROM CLIP NAME:\s*(.*?)\s*$")
_CSV_COLUMNS = ("name", "start", "stop", "start_timecode", "stop_timecode")
_RATE_TOLERANCE = Fraction(1, 2000)


@dataclass(frozen=True)
class CutClock:
    """How frames of a reel are timed in a list of cuts."""

    rate: Fraction
    """Frames per second."""
    timecode: str | None = None
    """Of frame 0; None for 00:00:00:00."""
    media: str = ""
    """Path or URL of what the cuts are of."""
    name: str = "reel"

    @property
    def start(self) -> Timecode:
        """The label of frame 0."""
        if self.timecode is None:
            return Timecode(0, nominal_rate(self.rate))
        return Timecode.parse(self.timecode, self.rate)

    def label(self, frame: int) -> str:
        """Return the timecode of a frame."""
        return str(self.start + frame)

    def frame(self, label: str) -> int:
        """Return the frame of a timecode; raises SourceError for one before the reel's first."""
        found = Timecode.parse(label, self.rate).frames - self.start.frames
        if found < 0:
            raise SourceError(f"timecode {label} lies before the reel's first frame, {self.start}.")
        return found


def write_csv(cuts: Iterable[Cut], clock: CutClock) -> str:
    """Write one row per cut: name, frames and their timecodes, stop exclusive."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for start, stop, name in cuts:
        writer.writerow([name, start, stop, clock.label(start), clock.label(stop)])
    return text.getvalue()


def read_csv(text: str, clock: CutClock) -> tuple[Cut, ...]:
    """Read cuts by their frame numbers, or where there are none by their timecodes."""
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or ())
    if not ({"start", "stop"} <= columns or {"start_timecode", "stop_timecode"} <= columns):
        raise SourceError(
            f"the CSV has columns {', '.join(sorted(columns)) or 'none'}; it needs start and stop "
            "(frames, stop exclusive), or start_timecode and stop_timecode."
        )
    cuts = []
    for number, row in enumerate(reader, start=2):
        try:
            if row.get("start") and row.get("stop"):
                start, stop = int(row["start"]), int(row["stop"])
            else:
                start, stop = clock.frame(row["start_timecode"]), clock.frame(row["stop_timecode"])
        except (ValueError, TypeError, KeyError) as error:
            raise SourceError(f"line {number} of the CSV has no whole start and stop: {row}.") from error
        cuts.append((start, stop, row.get("name") or ""))
    return _checked(cuts)


def write_edl(cuts: Iterable[Cut], clock: CutClock) -> str:
    """Write a CMX 3600 list of cuts: source and record times are both the reel's own timecode."""
    reel = re.sub(r"\W", "", clock.name)[:8].upper() or "REEL"
    counting = "DROP FRAME" if clock.start.is_drop else "NON-DROP FRAME"
    lines = [f"TITLE: {clock.name}", f"FCM: {counting}", ""]
    for number, (start, stop, name) in enumerate(cuts, start=1):
        times = f"{clock.label(start)} {clock.label(stop)}"
        lines.append(f"{number:03d}  {reel:<8} V     C        {times} {times}")
        lines += [f"* FROM CLIP NAME: {name}"] if name else []
        lines += [f"* SOURCE FILE: {clock.media}"] if clock.media else []
    return "\n".join(lines) + "\n"


def read_edl(text: str, clock: CutClock) -> tuple[Cut, ...]:
    """Read the source ranges of a CMX 3600 list of cuts; raises SourceError for any other transition."""
    cuts: list[Cut] = []
    for number, line in enumerate(text.splitlines(), start=1):
        event = _EDL_EVENT.match(line)
        if event is not None:
            channel, transition, times = event.group(3), event.group(4), event.group(5).split()
            if not channel.upper().startswith(("V", "B", "AA/V", "A2/V")):
                continue
            if transition.upper() != "C":
                raise SourceError(
                    f"line {number} of the EDL has a transition {transition!r}: shots meet in cuts, C."
                )
            cuts.append((clock.frame(times[0]), clock.frame(times[1]), ""))
        elif cuts and (named := _EDL_NAME.match(line)):
            cuts[-1] = (*cuts[-1][:2], named.group(1))
    return _checked(cuts)


def write_otio(cuts: Iterable[Cut], clock: CutClock) -> str:
    """Write an OpenTimelineIO timeline: one video track, one clip per cut, ranges in the reel's timecode."""
    import opentimelineio as otio

    rate = float(clock.rate)
    first = clock.start.frames
    cuts = list(cuts)

    def time_range(start: int, stop: int) -> "otio.opentime.TimeRange":
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(first + start, rate), otio.opentime.RationalTime(stop - start, rate)
        )

    length = max((stop for _, stop, _ in cuts), default=0)
    timeline = otio.schema.Timeline(clock.name)
    timeline.global_start_time = otio.opentime.RationalTime(first, rate)
    track = otio.schema.Track("picture", kind=otio.schema.TrackKind.Video)
    for start, stop, name in cuts:
        media = otio.schema.ExternalReference(clock.media, time_range(0, length)) if clock.media else None
        track.append(otio.schema.Clip(name, media_reference=media, source_range=time_range(start, stop)))
    timeline.tracks.append(track)
    return str(timeline.to_json_string(indent=2)) + "\n"


def read_otio(text: str, clock: CutClock) -> tuple[Cut, ...]:
    """Read the clips of a timeline's first video track by their source ranges."""
    import opentimelineio as otio

    try:
        timeline = otio.adapters.read_from_string(text, "otio_json")
        clips = list(timeline.video_tracks()[0].find_clips())
    except (otio.exceptions.OTIOError, ValueError, AttributeError, IndexError) as error:
        raise SourceError(f"this is not an OpenTimelineIO timeline with a video track: {error}.") from error
    cuts = []
    for clip in clips:
        times = clip.trimmed_range()
        rate = Fraction(times.start_time.rate).limit_denominator(1001)
        if abs(rate / clock.rate - 1) > _RATE_TOLERANCE:
            raise SourceError(
                f"clip {clip.name!r} is timed at {float(rate):.3f} frames per second, the reel at "
                f"{float(clock.rate):.3f}: export the timeline at the reel's rate."
            )
        start = round(times.start_time.value) - clock.start.frames
        cuts.append((start, start + round(times.duration.value), clip.name))
    return _checked(cuts)


def _checked(cuts: Sequence[Cut]) -> tuple[Cut, ...]:
    for start, stop, name in cuts:
        if not 0 <= start < stop:
            raise SourceError(
                f"cut {name!r} has the frames [{start}, {stop}): start must be >= 0 and before stop."
            )
    if not cuts:
        raise SourceError("there are no cuts in the list.")
    return tuple(cuts)


@dataclass(frozen=True)
class TimelineFormat:
    """A text form of a list of cuts."""

    write: Callable[[Iterable[Cut], CutClock], str]
    read: Callable[[str, CutClock], tuple[Cut, ...]]


TIMELINE_FORMATS: Mapping[str, TimelineFormat] = {
    ".otio": TimelineFormat(write_otio, read_otio),
    ".edl": TimelineFormat(write_edl, read_edl),
    ".csv": TimelineFormat(write_csv, read_csv),
}
"""Suffix of a file -> how it is written and read."""


def timeline_format(suffix: str) -> TimelineFormat:
    """Return the format of files ending in `suffix`; raises SourceError for one there is not."""
    found = TIMELINE_FORMATS.get(suffix.lower())
    if found is None:
        raise SourceError(f"{suffix!r} is no list of cuts: use {', '.join(TIMELINE_FORMATS)}.")
    return found
