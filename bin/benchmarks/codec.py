"""The frame store's codec: how small and how fast each candidate makes real films' planes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt
from numcodecs import Blosc

from reelfix.io.decoder_log import listen
from reelfix.io.frames import FrameReader
from reelfix.io.probe import probe
from reelfix.io.sources import find_source

CANDIDATES = [
    (name, level, shuffle)
    for name, levels in (("lz4", (1, 5, 9)), ("zstd", (1, 3, 5)))
    for level in levels
    for shuffle in ("none", "shuffle", "bitshuffle")
]
_SHUFFLES = {"none": Blosc.NOSHUFFLE, "shuffle": Blosc.SHUFFLE, "bitshuffle": Blosc.BITSHUFFLE}


@dataclass(frozen=True)
class CodecRow:
    """One candidate on all films together, by the time of one core."""

    codec: str
    level: int
    shuffle: str
    ratio: float
    """Bytes before to bytes after."""
    compress_mb_s: float
    """Of uncompressed bytes, 10^6 a second; so too the next."""
    decompress_mb_s: float


def codec_rows(films: tuple[str, ...], *, frames: int) -> Iterator[CodecRow]:
    """Measure every candidate on the first `frames` frames of each film, plane by plane as the store does."""
    planes = [plane for film in films for plane in _planes(film, frames)]
    size = sum(plane.nbytes for plane in planes)
    for name, level, shuffle in CANDIDATES:
        codec = Blosc(name, level, _SHUFFLES[shuffle])
        begun = time.thread_time()
        chunks = [codec.encode(plane) for plane in planes]
        encoded = time.thread_time()
        for chunk in chunks:
            codec.decode(chunk)
        decoded = time.thread_time()
        yield CodecRow(
            name,
            level,
            shuffle,
            ratio=size / sum(map(len, chunks)),
            compress_mb_s=size / 1e6 / (encoded - begun),
            decompress_mb_s=size / 1e6 / (decoded - encoded),
        )


def _planes(film: str, frames: int) -> Iterator[npt.NDArray[np.unsignedinteger]]:
    with listen() as log:
        reader = FrameReader(probe(find_source(film)), filters=None, threads=None, strict=False, log=log)
        for frame in reader.frames():
            if frame.number == frames:
                return
            yield from (np.ascontiguousarray(plane) for plane in frame.planes.values())


@click.command(name="codec")
@click.argument("films", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--frames", default=48, show_default=True, help="Frames of each film.")
def command(films: tuple[str, ...], frames: int) -> None:
    """Compare codecs for the frame store on real FILMS; by the time of one core, as a Markdown table."""
    click.echo("| codec | level | shuffle | ratio | compress MB/s | decompress MB/s |")
    click.echo("|---|---|---|---|---|---|")
    for row in codec_rows(films, frames=frames):
        click.echo(
            f"| {row.codec} | {row.level} | {row.shuffle} | {row.ratio:.2f} "
            f"| {row.compress_mb_s:.0f} | {row.decompress_mb_s:.0f} |"
        )
