"""SMPTE timecode: a count of frames, written as hours, minutes, seconds and frames."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from reelfix.io.errors import SourceError

_DROP_RATES = {30: 2, 60: 4}
"""Nominal rate -> frame numbers left out at the start of each minute but every tenth (SMPTE ST 12-1)."""


@dataclass(frozen=True)
class Timecode:
    """A frame's label, at a nominal rate of `fps` whole frames per second (24 for 23.976)."""

    frames: int
    """Frames since 00:00:00:00, no number left out."""
    fps: int
    is_drop: bool = False

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> "Timecode":
        """Read `01:02:03:04` (or `01:02:03;04`, drop-frame); raises SourceError where it is not one."""
        fps = nominal_rate(rate)
        found = re.fullmatch(r"(\d+):(\d\d):(\d\d)([:;.])(\d+)", text.strip())
        if found is None:
            raise SourceError(f"{text!r} is not a timecode; write it like 01:00:00:00.")
        hours, minutes, seconds, frames = (int(found.group(place)) for place in (1, 2, 3, 5))
        if minutes > 59 or seconds > 59 or frames >= fps:
            raise SourceError(f"timecode {text!r} does not exist at {fps} frames per second.")
        is_drop = found.group(4) != ":"
        count = ((hours * 60 + minutes) * 60 + seconds) * fps + frames
        if is_drop:
            dropped = _dropped(fps, text)
            if minutes % 10 and seconds == 0 and frames < dropped:
                raise SourceError(f"timecode {text!r} is one that drop-frame counting leaves out.")
            count -= dropped * (hours * 54 + minutes - minutes // 10)
        return cls(count, fps, is_drop)

    def __add__(self, frames: int) -> "Timecode":
        """Return the label of the frame that many frames later."""
        return replace(self, frames=self.frames + frames)

    def __str__(self) -> str:
        """Write it out; after 24 hours it begins again, as on tape."""
        count = self.frames % frames_per_day(self.fps, is_drop=self.is_drop)
        if self.is_drop:
            dropped = _DROP_RATES[self.fps]
            per_ten = self.fps * 600 - 9 * dropped
            tens, rest = divmod(count, per_ten)
            # Within ten minutes the first minute is whole; each of the other nine begins with a gap.
            gaps = max(0, rest - dropped) // (self.fps * 60 - dropped) if rest >= self.fps * 60 else 0
            count += dropped * (9 * tens + gaps)
        seconds, frame = divmod(count, self.fps)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{hour:02d}:{minute:02d}:{second:02d}{';' if self.is_drop else ':'}{frame:02d}"


def nominal_rate(rate: Fraction) -> int:
    """Return the whole number of frames that timecode counts in a second: 24 for 24000/1001."""
    return max(1, round(rate))


def frames_per_day(fps: int, *, is_drop: bool) -> int:
    """Return the number of labels in 24 hours."""
    dropped = _DROP_RATES[fps] * 54 * 24 if is_drop else 0
    return fps * 86400 - dropped


def _dropped(fps: int, text: str) -> int:
    if fps not in _DROP_RATES:
        raise SourceError(
            f"timecode {text!r} is drop-frame, which exists at 29.97 and 59.94 fps, not at {fps}."
        )
    return _DROP_RATES[fps]
