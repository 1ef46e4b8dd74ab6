"""Reels for the engine's tests: small, textured, dirty, made in milliseconds."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from upath import UPath

from reelfix.bin.benchmarks.material import make_reel
from reelfix.io.storage import as_path
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_entry import SheetEntry
from reelfix.pipeline.sheet_record import SheetRecord

MakeReel = Callable[..., Reel]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Serve an S3-compatible store: one for all tests, since fsspec keeps its connections."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> UPath:
    """Return an empty bucket of the test's own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    root = as_path(f"s3://{zlib.crc32(request.node.nodeid.encode()):08x}")
    root.mkdir()
    return root


@pytest.fixture
def make_tiny_reel(tmp_path: Path) -> MakeReel:
    """Return a function that makes an ingested reel: `make_tiny_reel("a", frames=20, shots=2)`."""

    def make(
        name: str = "tiny", *, frames: int = 20, shots: int = 2, height: int = 32, width: int = 40
    ) -> Reel:
        return make_reel(tmp_path / f"{name}.reel", frames=frames, height=height, width=width, shots=shots)

    return make


@pytest.fixture
def make_sheet_record() -> Callable[..., SheetRecord]:
    """Return a function that makes what the page is told of a shot: `make_sheet_record(3, changed=0.1)`."""

    def make(number: int, **values: Any) -> SheetRecord:
        entry = SheetEntry(
            **{
                "number": number,
                "start": 100 * number,
                "stop": 100 * number + 50,
                "timecode": "00:00:04:00",
                "note": "",
                "stages": "stages: restore",
                "numbers": "mean change 1 %",
                "problems": [],
                "picture": f"shot-{number:04d}.png",
                "is_failed": False,
                "is_finished": True,
                **values,
            }
        )
        return SheetRecord(f"identity of {number}", entry, {"frame": 100 * number, "label": "typical"})

    return make
