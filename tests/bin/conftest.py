"""What the commands are tried on."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from reelfix.bin.benchmarks.material import make_reel
from reelfix.bin.cli import main
from reelfix.io.clip_file import encode_clip
from reelfix.io.pixel_format import PixelFormat
from reelfix.pipeline.reel import Reel

Invoke = Callable[..., Result]
MakeReel = Callable[..., Reel]


@pytest.fixture
def invoke() -> Invoke:
    """Return a function that runs `reelfix ARGUMENTS...` in this process."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def make_tiny_reel(tmp_path: Path) -> MakeReel:
    """Return a function that makes an ingested reel of 20 frames in two shots, without a source file."""

    def make(name: str = "tiny") -> Reel:
        return make_reel(tmp_path / f"{name}.reel", frames=20, shots=2, height=32, width=40)

    return make


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Return a video file of 24 frames, 48x32 gray at 18 fps, with a cut at frame 12."""
    path = tmp_path / "film.mkv"
    if not path.exists():
        scenes = [
            cv2.GaussianBlur(np.random.default_rng(seed).random((32, 48), np.float32), (0, 0), 4)
            for seed in (1, 2)
        ]
        levels = [(scene - scene.min()) / np.ptp(scene) * 200 + 20 for scene in scenes]
        frames = np.stack([levels[frame // 12] for frame in range(24)]).astype(np.uint8)
        path.write_bytes(encode_clip({"gray": frames}, PixelFormat.parse("gray"), Fraction(18)))
    return path
