"""Which frames of a source a master shows, and when: the one clock for pictures, sound and chapters."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from reelfix.io.errors import DeliveryError


@dataclass(frozen=True)
class Segment:
    """Frames `[start, stop)` of the source, and where their time lies in the source and in the master."""

    start: int
    stop: int
    begins: Fraction
    """Seconds in the source."""
    ends: Fraction
    """Seconds in the source: the end of the last frame."""
    shift: Fraction
    """Seconds to add to a time of the source to have that of the master."""

    def holds(self, seconds: Fraction) -> bool:
        """Whether a time of the source lies in the segment."""
        return self.begins <= seconds < self.ends


@dataclass(frozen=True)
class Timeline:
    """The segments that a master shows, one after another."""

    segments: tuple[Segment, ...]
    is_whole: bool
    """Whether it shows all of the source: times are then the source's own, and nothing is cut off."""

    @property
    def frame_count(self) -> int:
        """Number of frames in the master."""
        return sum(segment.stop - segment.start for segment in self.segments)

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The frames shown, as half-open ranges."""
        return tuple((segment.start, segment.stop) for segment in self.segments)


@dataclass(frozen=True)
class Clock:
    """When each frame of a master is shown."""

    time_base: Fraction
    """Seconds per unit."""
    pts: tuple[int, ...]
    durations: tuple[int, ...]
    largest_rounding: Fraction
    """Seconds between what the source says and what the time base can say, at most."""


def timeline_of(
    pts: npt.NDArray[np.int64], time_base: Fraction, rate: Fraction, ranges: Sequence[tuple[int, int]] | None
) -> Timeline:
    """Lay half-open frame ranges (the whole source for None) one after another; the first begins at 0."""
    count = len(pts)
    if ranges is None or tuple(ranges) == ((0, count),):
        return Timeline((_segment(pts, time_base, rate, 0, count, Fraction(0)),), True)
    segments = []
    filled = Fraction(0)
    for start, stop in ranges:
        if not 0 <= start < stop <= count:
            raise DeliveryError(f"frames [{start}, {stop}) must lie within the source's [0, {count}).")
        segment = _segment(pts, time_base, rate, start, stop, filled)
        segments.append(segment)
        filled += segment.ends - segment.begins
    return Timeline(tuple(segments), False)


def _segment(
    pts: npt.NDArray[np.int64], time_base: Fraction, rate: Fraction, start: int, stop: int, filled: Fraction
) -> Segment:
    whole = start == 0 and stop == len(pts)
    begins = int(pts[start]) * time_base
    ends = int(pts[stop]) * time_base if stop < len(pts) else int(pts[stop - 1]) * time_base + 1 / rate
    return Segment(start, stop, begins, ends, Fraction(0) if whole and not filled else filled - begins)


def clock_of(
    pts: npt.NDArray[np.int64],
    time_base: Fraction,
    rate: Fraction,
    timeline: Timeline,
    *,
    container_base: Fraction | None,
    is_vfr: bool,
) -> Clock:
    """Time the master's frames in `container_base` (seconds per unit), or where that is free in the best one.

    The best: one unit per frame where the rate is constant, else the source's own. Raises DeliveryError
    where two frames would fall on one time.
    """
    seconds = [
        int(pts[index]) * time_base + segment.shift
        for segment in timeline.segments
        for index in range(segment.start, segment.stop)
    ]
    base = container_base or (time_base if is_vfr else _frame_base(seconds, rate, time_base))
    units = [_nearest(value / base) for value in seconds]
    for earlier, later in pairwise(units):
        if later <= earlier:
            raise DeliveryError(
                f"two frames fall on the time {later * base} s in units of {base} s: "
                "choose a codec whose container counts time more finely (prores-*)."
            )
    end = _nearest((timeline.segments[-1].ends + timeline.segments[-1].shift) / base)
    stops = [*units[1:], max(end, units[-1] + 1)]
    return Clock(
        time_base=base,
        pts=tuple(units),
        durations=tuple(stop - start for start, stop in zip(units, stops, strict=True)),
        largest_rounding=max(abs(unit * base - value) for unit, value in zip(units, seconds, strict=True)),
    )


def _frame_base(seconds: Sequence[Fraction], rate: Fraction, time_base: Fraction) -> Fraction:
    """Return 1 / rate where all times lie on that grid to within the source's rounding, else `time_base`."""
    offset = seconds[0] - Fraction(_nearest(seconds[0] * rate)) / rate
    first = _nearest(seconds[0] * rate)
    on_grid = abs(offset) <= time_base and all(
        abs(value - Fraction(first + index) / rate) <= time_base for index, value in enumerate(seconds)
    )
    return 1 / rate if on_grid else time_base


def _nearest(value: Fraction) -> int:
    """Round to the nearest whole number, halves up, as ffmpeg does for times after 0."""
    return int((2 * value.numerator + value.denominator) // (2 * value.denominator))
