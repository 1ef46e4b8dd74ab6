"""Interlace, measured: ffmpeg's idet over stretches spread through the source."""

import re
from itertools import zip_longest
from threading import Event
from typing import Literal

from reelfix.io.ffmpeg import run_ffmpeg
from reelfix.io.source_info import Interlace
from reelfix.io.sources import Source

FRAMES_MEASURED = 120
_STRETCHES = 4
_MULTI = re.compile(
    r"Multi frame detection:\s*TFF:\s*(\d+)\s*BFF:\s*(\d+)\s*Progressive:\s*(\d+)\s*Undetermined:\s*(\d+)"
)
_REPEATED = re.compile(r"Repeated Fields:\s*Neither:\s*(\d+)\s*Top:\s*(\d+)\s*Bottom:\s*(\d+)")
_FEW = 10
_REPEATED_BY_PULLDOWN = 0.3
Verdict = Literal["progressive", "interlaced tff", "interlaced bff", "telecined", "undetermined"]


def measure_interlace(
    source: Source,
    stream: int,
    *,
    frames: int | None,
    duration_seconds: float | None,
    stop: Event | None = None,
) -> Interlace:
    """Measure up to 120 frames of a picture stream: all of a short one, else four stretches of 30.

    Once `stop` is set it ends soon, with what it has. Raises SourceError where ffmpeg cannot read the source.
    """
    stop = stop or Event()
    counts: tuple[int, ...]
    if frames is None or duration_seconds is None or frames <= FRAMES_MEASURED:
        counts = _idet(source, stream, 0.0, FRAMES_MEASURED, stop)
    else:
        counts = ()
        for stretch in range(_STRETCHES):
            length = FRAMES_MEASURED // _STRETCHES
            seconds = duration_seconds * (1 - length / frames) * (stretch + 0.5) / _STRETCHES
            found = _idet(source, stream, seconds, length, stop)
            counts = tuple(map(sum, zip_longest(counts, found, fillvalue=0)))
    tff, bff, progressive, undetermined, repeated = counts
    return Interlace(
        frames=tff + bff + progressive + undetermined,
        tff=tff,
        bff=bff,
        progressive=progressive,
        undetermined=undetermined,
        repeated=repeated,
        verdict=_verdict(tff, bff, progressive, repeated),
    )


def _idet(source: Source, stream: int, start_seconds: float, frames: int, stop: Event) -> tuple[int, ...]:
    """(tff, bff, progressive, undetermined, repeated) of `frames` frames from `start_seconds` on."""
    options: dict[str, str | None] = {"noautorotate": None, **source.command_options}
    if start_seconds:
        options["ss"] = f"{start_seconds:.3f}"
    output = {"map": f"0:{stream}", "vf": "idet", "frames:v": frames, "fps_mode": "passthrough", "f": "null"}
    # The progress lines are there to look up at.
    output |= {"progress": "pipe:1", "stats_period": "0.1"}
    with run_ffmpeg(source.url, options, "-", output, level="info") as running:
        for _ in running.lines():
            if stop.is_set():
                return (0, 0, 0, 0, 0)
        report = running.finish()
    # Summaries of nothing are printed too, when the filter is set up; the last is of the frames.
    multi, repeated = _MULTI.findall(report), _REPEATED.findall(report)
    if not multi or not repeated:
        return (0, 0, 0, 0, 0)
    tff, bff, progressive, undetermined = map(int, multi[-1])
    _, top, bottom = map(int, repeated[-1])
    return tff, bff, progressive, undetermined, top + bottom


def _verdict(tff: int, bff: int, progressive: int, repeated: int) -> Verdict:
    """Judge by the frames that idet is sure of; 3:2 pulldown repeats a field in two frames of five."""
    interlaced, sure = tff + bff, tff + bff + progressive
    if sure < _FEW:
        return "undetermined"
    if interlaced >= sure / 5 and repeated >= _REPEATED_BY_PULLDOWN * sure:
        return "telecined"
    if interlaced > sure / 2:
        return "interlaced tff" if tff >= bff else "interlaced bff"
    return "progressive"
