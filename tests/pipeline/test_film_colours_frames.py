"""A tinted source is recognised off the reel, kept to the bit by default, and its tint put back clean."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.pipeline.events import silent
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.export import ExportRequest, export
from reelfix.pipeline.film_colours_frames import film_colours
from reelfix.pipeline.ingest import IngestOptions, ingest
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest

SERIAL = ExecutorOptions(scheduler="serial")
SEPIA = ",hue=s=0,format=gbrp,colorchannelmixer=rr=1:gg=0.85:bb=0.6,gblur=sigma=2"


@pytest.fixture(params=[True, False], ids=["tinted", "colour"])
def reel(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Reel, bool]:
    """Six frames of 4:2:0, of limited range: in sepia, or in many colours."""
    source = tmp_path / "a.mkv"
    picture = f"testsrc2=size=192x128:rate=18,gblur=sigma=1{SEPIA if request.param else ''}"
    command = [ffmpeg_binary(), "-v", "error", "-f", "lavfi", "-i", picture, "-frames:v", "6"]
    subprocess.run([*command, "-c:v", "ffv1", "-pix_fmt", "yuv420p", str(source)], check=True)
    made = ingest(source, tmp_path / "a.reel", IngestOptions(verify=False, detect_shots=False), silent)
    assert not made.info.is_monochrome
    return made, request.param


def test_a_tint_is_recognised(reel: tuple[Reel, bool]) -> None:
    found, is_tinted = reel
    film = film_colours(found, found.shots()[0])
    assert film.kind == ("tint" if is_tinted else "natural")
    tint = film.tint
    if tint is not None:
        assert tint.curve[12][1] > 10  # yellow
        assert tint.curve[12][0] > -3


def test_what_is_left_alone_keeps_its_bits(reel: tuple[Reel, bool]) -> None:
    found, is_tinted = reel
    setting = {"strength": 0.0} if not is_tinted else {"tint": "only", "strength": 0.0}
    run([found], RunRequest(stages=("colorize",), settings={"colorize": setting}), SERIAL)
    master = export(found, ExportRequest())
    digests = []
    for path in (found.info.path, master.path):
        command = [ffmpeg_binary(), "-v", "error", "-i", str(path), "-map", "0:v", "-f", "rawvideo", "-"]
        digests.append(subprocess.run(command, capture_output=True, check=True).stdout)
    assert digests[0] == digests[1]


def test_a_tint_is_put_back_even(reel: tuple[Reel, bool]) -> None:
    found, is_tinted = reel
    run([found], RunRequest(stages=("colorize",), settings={"colorize": {"tint": "only"}}), SERIAL)
    outcome = outcome_of(found, found.shots()[0])
    chroma, before = outcome.chroma(0, 6), outcome.before(0, 6).astype(float)
    assert chroma is not None
    luma = 0.299 * before[:, 0] + 0.587 * before[:, 1] + 0.114 * before[:, 2]
    blueness = (chroma[:, 0].astype(float) - 32768) * 2 - (before[:, 2] - luma)
    if is_tinted:
        # Close to the tint that was there, and one value for one lightness.
        assert np.abs(blueness).mean() < 0.02 * 65535
        assert (chroma[:, 0] < 32768).mean() > 0.8
        bright = (luma > 30000) & (luma < 30300)
        assert chroma[:, 0][bright].std() < 0.004 * 65535
    else:
        assert np.abs(blueness).max() < 3
