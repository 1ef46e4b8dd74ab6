"""Interlace, as idet sees it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reelfix.io.interlace import measure_interlace
from reelfix.io.sources import find_source

MakeSource = Callable[..., Path]
SMOOTH = "gradients=size={{size}}:rate=24:speed=0.1:seed=3,{}"


@pytest.mark.parametrize(
    ("chain", "verdict"),
    [
        ("null", "progressive"),
        ("tinterlace=mode=interleave_top", "interlaced tff"),
        ("tinterlace=mode=interleave_bottom", "interlaced bff"),
        ("telecine=pattern=23", "telecined"),
    ],
)
def test_verdict(chain: str, verdict: str, make_source: MakeSource) -> None:
    path = make_source("a.mkv", "-c:v", "ffv1", frames=60, size="320x96", source=SMOOTH.format(chain))
    found = measure_interlace(find_source(path), 0, frames=60, duration_seconds=2.5)
    assert found.verdict == verdict, found


def test_long_sources_are_measured_in_stretches(make_source: MakeSource) -> None:
    options = ("-c:v", "ffv1", "-g", "1")
    path = make_source("a.mkv", *options, frames=400, size="64x48", source=SMOOTH.format("null"))
    found = measure_interlace(find_source(path), 0, frames=400, duration_seconds=400 / 24)
    assert found.frames == pytest.approx(120, abs=4)
    assert found.verdict == "progressive"


def test_few_frames_tell_nothing(make_source: MakeSource) -> None:
    path = make_source("a.mkv", "-c:v", "ffv1", frames=2)
    assert measure_interlace(find_source(path), 0, frames=2, duration_seconds=0.1).verdict == "undetermined"
