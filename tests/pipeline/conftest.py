"""Reels for the engine's tests: small, textured, dirty, made in milliseconds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reelfix.bin.benchmarks.material import make_reel
from reelfix.pipeline.reel import Reel

MakeReel = Callable[..., Reel]


@pytest.fixture
def make_tiny_reel(tmp_path: Path) -> MakeReel:
    """Return a function that makes an ingested reel: `make_tiny_reel("a", frames=20, shots=2)`."""

    def make(
        name: str = "tiny", *, frames: int = 20, shots: int = 2, height: int = 32, width: int = 40
    ) -> Reel:
        return make_reel(tmp_path / f"{name}.reel", frames=frames, height=height, width=width, shots=shots)

    return make
