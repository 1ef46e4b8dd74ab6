"""Spans: the frames that something was said of, whatever becomes of the list of shots."""

from dataclasses import dataclass

from reelfix.pipeline.shots import Shot


@dataclass(frozen=True)
class Span:
    """Frames `[start, stop)` of the reel: a shot, as it was when something was said of it."""

    start: int
    stop: int

    def is_of(self, shot: Shot) -> bool:
        """Say whether it means `shot`: it has most of the shot's frames, or the shot most of its."""
        common = min(self.stop, shot.stop) - max(self.start, shot.start)
        return 2 * common > min(self.stop - self.start, shot.frame_count)
