"""How a shot is cut: into windows that a stage sees at once, and blocks of windows committed together."""

from dataclasses import dataclass

from reelfix.pipeline.stage import ClipFormat

_WINDOW_BYTES = 48 * 2**20
_WINDOW_BYTES_FOR_HANDLES = 512 * 2**20
_MAX_WINDOW = 24
_WINDOWS_PER_BLOCK = 6


@dataclass(frozen=True)
class Cut:
    """Frames per window and per block, for one stage and format; no byte of a product depends on it."""

    window_frames: int
    block_frames: int

    @classmethod
    def of(cls, clip: ClipFormat, handle: int) -> "Cut":
        """Windows of some 48 MiB of float32 frames, but, memory permitting, no shorter than the handle."""
        frame_bytes = clip.channels * clip.height * clip.width * 4
        window = min(max(_WINDOW_BYTES // frame_bytes, 1), _MAX_WINDOW)
        window = max(window, min(handle, _WINDOW_BYTES_FOR_HANDLES // frame_bytes))
        return cls(window, window * _WINDOWS_PER_BLOCK)

    def blocks(self, frame_count: int) -> tuple[tuple[int, int], ...]:
        """Return the blocks `[start, stop)` of a shot, counted from its first frame."""
        return _pieces(0, frame_count, self.block_frames)

    def windows(self, start: int, stop: int) -> tuple[tuple[int, int], ...]:
        """Return the windows of the block `[start, stop)`."""
        return _pieces(start, stop, self.window_frames)


def _pieces(start: int, stop: int, size: int) -> tuple[tuple[int, int], ...]:
    return tuple((first, min(first + size, stop)) for first in range(start, stop, size))
