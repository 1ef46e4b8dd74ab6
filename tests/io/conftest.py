"""Small real sources, made by the stock ffmpeg."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reelfix.io.ffmpeg import ffmpeg_binary

MakeSource = Callable[..., Path]


@pytest.fixture
def make_source(tmp_path: Path) -> MakeSource:
    """Make `name` in the test's folder: textured, moving, noisy frames, encoded with the given options."""

    def make(
        name: str,
        *options: str,
        frames: int = 4,
        size: str = "18x16",
        rate: str = "24",
        also: tuple[str, ...] = (),
        source: str = "testsrc2=size={size}:rate={rate},noise=alls=60:allf=t:all_seed=7",
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = source.format(size=size, rate=rate)
        command = [ffmpeg_binary(), "-y", "-v", "error", "-f", "lavfi", "-i", picture, *also]
        command += ["-frames:v", str(frames), *options, str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return path

    return make
