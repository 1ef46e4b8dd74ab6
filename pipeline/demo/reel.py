"""The demo's clean truth: a short film of three shots, drawn layer by layer, the same at every run."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from reelfix.pipeline.demo.layers import shoot
from reelfix.pipeline.demo.scenes import SCENES
from reelfix.pipeline.demo.textures import Plane

BLACK, WHITE = 0.05, 0.80
"""Code values of the darkest and lightest tone: brighter flicker must not clip much of the picture."""


@dataclass(frozen=True)
class DemoFormat:
    """Size and length of the demo's film."""

    width: int = 480
    height: int = 360
    shot_frames: tuple[int, ...] = (36, 32, 28)
    rate: Fraction = Fraction(24)
    depth: int = 10
    """Bits of a code value, 8 or 10."""

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return sum(self.shot_frames)

    @property
    def cuts(self) -> tuple[int, ...]:
        """First frame of every shot but the first."""
        return tuple(int(stop) for stop in np.cumsum(self.shot_frames)[:-1])

    @property
    def shots(self) -> tuple[slice, ...]:
        """Each shot's frames."""
        edges = (0, *self.cuts, self.frame_count)
        return tuple(slice(start, stop) for start, stop in pairwise(edges))

    @property
    def peak(self) -> int:
        """Largest code value."""
        return (1 << self.depth) - 1


def draw_reel(film: DemoFormat) -> npt.NDArray[np.float32]:
    """Draw the clean film: float32 (T, 1, H, W) in [0, 1], on code values of `film.depth` bits."""
    frames = np.empty((film.frame_count, 1, film.height, film.width), np.float32)
    vignette = _vignette(film.height, film.width)
    for number, shot in enumerate(film.shots):
        scene = SCENES[number % len(SCENES)](film.height, film.width, np.random.default_rng(1895 + number))
        for index, frame in enumerate(shoot(scene, film.shot_frames[number], film.height, film.width)):
            exposed = BLACK + (WHITE - BLACK) * _developed(frame * vignette)
            frames[shot.start + index, 0] = np.rint(exposed * film.peak) / film.peak
    return frames


def _vignette(height: int, width: int) -> Plane:
    """The lens's fall-off: 1 in the middle, 0.8 in the corners."""
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return np.asarray(1 - 0.1 * (x * x + y * y), dtype=np.float32)


def _developed(light: Plane) -> Plane:
    """Film's answer to light: a curve with a toe and a shoulder, 0 to 0 and 1 to 1."""
    exposed = np.clip(light, 0, 1)
    return np.asarray(0.35 * exposed + 0.65 * exposed * exposed * (3 - 2 * exposed), dtype=np.float32)
