"""Motion blur: the camera, or the film in a badly timed shutter, moved while a frame was exposed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelfix.restoration.damage.noise import persistent


@dataclass(frozen=True)
class MotionBlur:
    """Blur along a line, another for each frame about a mean."""

    length: float = 0.003
    """Standard deviation of the mean path during an exposure, as a fraction of the picture's height."""
    unrest: float = 0.0015
    """Standard deviation of each frame's own path about that, as such a fraction."""
    vertical: float = 0.0
    """Length of a vertical path that all frames share, as such a fraction: a shutter that opens before the
    film stands still (travel ghost)."""
    longest: float = 0.02
    """No path is longer, as such a fraction."""


def blur_paths(
    settings: MotionBlur, frames: int, height: int, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Draw each frame's path dx, dy in pixels of a picture of `height`: (T, 2)."""
    mean = settings.length * random.standard_normal(2)
    own = settings.unrest * persistent(frames, 0.6, random, (2,))
    paths = mean + own + np.array([0.0, settings.vertical])
    lengths = np.hypot(paths[:, 0], paths[:, 1])[:, None]
    paths *= np.minimum(1.0, settings.longest / np.maximum(lengths, 1e-9))
    return np.asarray(paths * height, dtype=np.float32)


def line_kernel(path: npt.NDArray[np.float32], radius: int) -> npt.NDArray[np.float32]:
    """Draw a path's point spread, (2 radius + 1, 2 radius + 1), of sum 1; a path of no length is a point."""
    dx, dy = float(path[0]), float(path[1])
    length = max(float(np.hypot(dx, dy)), 1e-6)
    axis = np.arange(-radius, radius + 1, dtype=np.float32)
    along = (axis[None] * dx + axis[:, None] * dy) / length
    across = (axis[None] * dy - axis[:, None] * dx) / length
    # The line's coverage of each pixel, the line one pixel wide.
    drawn = np.clip(length / 2 + 0.5 - np.abs(along), 0.0, 1.0) * np.clip(1.0 - np.abs(across), 0.0, 1.0)
    return np.asarray(drawn / drawn.sum(), dtype=np.float32)
