"""Events on the screen: bars on a terminal, a line now and then elsewhere, JSON for programs."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from reelfix.bin.tally import OVERALL, Tally, Track
from reelfix.pipeline.events import Emit, Event

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_SECONDS = 10.0
"""Between two lines where there is no terminal."""
_REDRAW_SECONDS = 0.1
_BAR_FORMAT = (
    "{desc:<24}{percentage:4.0f} % |{bar}| {n_fmt}/{total_fmt} {rate_fmt}, {remaining} left{postfix}"
)
_BAR_FORMAT_OPEN = "{desc:<24} {n_fmt} {rate_fmt}{postfix}"


class Display(Protocol):
    """Something that shows events."""

    def show(self, event: Event) -> None:
        """Show one event."""
        ...

    def close(self) -> None:
        """Leave the screen in order."""
        ...


@contextmanager
def showing(*, as_json: bool = False, quiet: bool = False) -> Iterator[Emit]:
    """Show events as they come: JSON on stdout, else bars or lines on stderr; `quiet`: not at all."""
    display: Display
    if as_json:
        display = JsonDisplay(sys.stdout)
    elif quiet:
        display = NoDisplay()
    elif sys.stderr.isatty():
        display = BarDisplay(sys.stderr)
    else:
        display = LineDisplay(sys.stderr)
    try:
        yield display.show
    finally:
        display.close()


class NoDisplay:
    """Shows nothing."""

    def show(self, event: Event) -> None:
        """Show one event."""

    def close(self) -> None:
        """Leave the screen in order."""


class JsonDisplay:
    """One JSON object per event and line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write one event."""
        self._stream.write(json.dumps(event.to_json(), ensure_ascii=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the screen in order."""


class LineDisplay:
    """A line about what is under way every `LINE_SECONDS`; what must be known, at once."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._tally = Tally(clock)
        self._last = clock()
        self._written = 0

    def show(self, event: Event) -> None:
        """Add one event; write a line if it is time to."""
        line = self._tally.take(event)
        if line is not None:
            self._write(line)
        now = self._clock()
        if now - self._last >= LINE_SECONDS and self._tally.latest is not None:
            self._last, self._written = now, self._tally.latest.done
            self._write(progress_line(self._tally.latest, now))

    def close(self) -> None:
        """Write where it ended."""
        track = self._tally.latest
        if track is not None and track.done and track.done != self._written:
            self._write(progress_line(track, self._clock()))

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class BarDisplay:
    """A bar for each thing under way: on a run, every stage and the whole."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._tally = Tally(time.monotonic)
        self._bars: dict[str, tqdm[Any]] = {}
        self._drawn = 0.0

    def show(self, event: Event) -> None:
        """Add one event; draw the bars if it is time to."""
        line = self._tally.take(event)
        if line is not None:
            from tqdm import tqdm

            tqdm.write(line, file=self._stream)
        now = time.monotonic()
        is_new = any(label not in self._bars for label in self._tally.tracks)
        if is_new or now - self._drawn >= _REDRAW_SECONDS:
            self._draw(now)

    def close(self) -> None:
        """Draw the last state, and leave it on the screen."""
        self._draw(time.monotonic())
        for bar in self._bars.values():
            bar.close()

    def _draw(self, now: float) -> None:
        self._drawn = now
        for label, track in self._tally.tracks.items():
            bar = self._bars.get(label) or self._new_bar(track)
            bar.n, bar.initial, bar.total = track.done, track.found, track.total
            bar.start_t = time.time() - (now - track.began)  # tqdm's clock
            bar.set_postfix_str(track.note, refresh=False)
            bar.refresh()

    def _new_bar(self, track: Track) -> "tqdm[Any]":
        from tqdm import tqdm

        bar = self._bars[track.label] = tqdm(
            desc=track.label,
            total=track.total,
            unit="B" if track.unit == "B" else f" {track.unit}",
            unit_scale=track.unit == "B",
            file=self._stream,
            position=len(self._bars),
            dynamic_ncols=True,
            leave=track.label == OVERALL or " " in track.label,
            bar_format=_BAR_FORMAT if track.total is not None else _BAR_FORMAT_OPEN,
        )
        return bar


def progress_line(track: Track, now: float) -> str:
    """Say how far a track is, how fast, and how long it will take."""
    if track.unit == "B":
        done, total = f"{track.done / 2**20:.0f}", f"{(track.total or 0) / 2**20:.0f} MiB"
        rate = f"{track.rate(now) / 2**20:.0f} MiB/s"
    else:
        done, total = str(track.done), f"{track.total} {track.unit}"
        rate = f"{track.rate(now):.1f} {track.unit}/s"
    parts = [
        f"{track.label}: {done} {track.unit}" if track.total is None else f"{track.label}: {done} of {total}"
    ]
    if track.total:
        parts[0] += f" ({100 * track.done // track.total} %)"
    parts.append(rate)
    left = track.seconds_left(now)
    if left is not None and left > 0:
        parts.append(f"{clock_text(left)} left")
    return ", ".join(parts) + (f"; {track.note}" if track.note else "")


def clock_text(seconds: float) -> str:
    """Return `1:02:03`, or `2:03` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
