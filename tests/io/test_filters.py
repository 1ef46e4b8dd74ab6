"""Filters are named exactly, and never change the pixel format."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from reelfix.io.decoder_log import listen
from reelfix.io.errors import SourceError
from reelfix.io.filters import filters_for
from reelfix.io.frames import FrameReader
from reelfix.io.probe import probe
from reelfix.io.sources import find_source

MakeSource = Callable[..., Path]


def test_on_request_only() -> None:
    assert filters_for(deinterlace=None, ivtc=False) is None
    bwdif = filters_for(deinterlace="bwdif", ivtc=False)
    ivtc = filters_for(deinterlace=None, ivtc=True)
    assert bwdif is not None
    assert ivtc is not None
    assert (bwdif.chain.partition("=")[0], bwdif.rate_factor) == ("bwdif", 1)
    assert (ivtc.chain.split(",")[1], ivtc.rate_factor) == ("decimate", Fraction(4, 5))


def test_requests_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match=r"deinterlace = 'yadif' is not a deinterlacer there is: use bwdif"):
        filters_for(deinterlace="yadif", ivtc=False)
    with pytest.raises(ValueError, match="exclude each other"):
        filters_for(deinterlace="bwdif", ivtc=True)


def test_a_format_that_a_filter_cannot_take_is_refused(make_source: MakeSource) -> None:
    probed = probe(find_source(make_source("a.nut", "-c:v", "rawvideo", "-pix_fmt", "uyvy422")))
    filters = filters_for(deinterlace="bwdif", ivtc=False)
    with listen() as log:
        reader = FrameReader(probed, filters=filters, threads=None, strict=False, log=log)
        with pytest.raises(SourceError, match="cannot work on uyvy422"):
            list(reader.frames())


def test_pulldown_is_taken_back(make_source: MakeSource) -> None:
    """Five frames with repeated fields become the four of the film; nearly all of them bit for bit."""
    film = "mandelbrot=size={{size}}:rate=24,format=yuv420p{}"
    plain = make_source("plain.mkv", "-c:v", "ffv1", frames=40, size="64x48", source=film.format(""))
    pulled = film.format(",telecine=pattern=23,setfield=tff")
    telecined = make_source("tele.mkv", "-c:v", "ffv1", frames=50, size="64x48", source=pulled)
    frames = {}
    for path, filters in ((plain, None), (telecined, filters_for(deinterlace=None, ivtc=True))):
        with listen() as log:
            probed = probe(find_source(path))
            reader = FrameReader(probed, filters=filters, threads=None, strict=False, log=log)
            frames[path] = [frame.planes["y"].tobytes() for frame in reader.frames()]
    assert len(frames[telecined]) == 40
    assert sum(frame in frames[plain] for frame in frames[telecined]) >= 32
