"""Drop-outs of tape: a line or two lose the signal for a part of their length."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reelfix.restoration.damage.marks import Mark
from reelfix.restoration.damage.surface import Surface


@dataclass(frozen=True)
class DropOuts:
    """Streaks along lines, each on one frame: they begin at once and die away."""

    per_frame: float = 1.5
    """Mean count on a frame."""
    length: tuple[float, float] = (0.01, 0.3)
    """Shortest and longest, as fractions of the picture's width; log-uniform."""
    bright: float = 0.75
    """Fraction of bright ones."""


def drop_out_marks(settings: DropOuts, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Let a tape lose its signal."""
    whole = surface.whole
    shortest, longest = settings.length
    share = surface.height / whole.height
    for frame in range(surface.frames):
        for _ in range(random.poisson(settings.per_frame * share)):
            columns = max(3, round(whole.width * shortest * (longest / shortest) ** random.uniform()))
            rows = 1 if random.uniform() < 0.7 else 2
            along = np.arange(columns, dtype=np.float32) / columns
            profile = np.exp(-random.uniform(0.5, 3.0) * along) * np.clip((1 - along) * 6, 0, 1)
            crackle = np.clip(random.normal(0.85, 0.3, (rows, columns)), 0.1, 1.0)
            opacity = (profile[None] * crackle).astype(np.float32)
            tone = random.uniform(0.8, 1.0) if random.uniform() < settings.bright else random.uniform(0, 0.2)
            left = int(random.integers(-columns // 2, whole.width)) - whole.left
            top = int(random.integers(surface.height))
            yield Mark(frame, top, left, opacity, float(tone), "drop-out")
