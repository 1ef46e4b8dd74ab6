"""Ingest against the stock ffmpeg that decodes the same film to raw video on the same disk."""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.pipeline.events import silent
from reelfix.pipeline.ingest import IngestOptions, ingest


@dataclass(frozen=True)
class IngestRow:
    """One film, medians over the runs."""

    film: str
    frames: int
    ffmpeg_seconds: float
    ingest_seconds: float
    """Hashed, decoded, measured, compressed, written and committed."""
    proved_seconds: float
    """The same, and every frame held against the stock ffmpeg's framemd5."""
    ratio: float
    """Median of ffmpeg's time to ours, run by run: 1 is as fast."""
    proved_ratio: float


def ingest_rows(films: tuple[str, ...], *, loops: int, runs: int, folder: Path) -> Iterator[IngestRow]:
    """Measure each film, made `loops` times as long by copying its packets; kinds of run alternate."""
    for film in films:
        source = _looped(Path(film), loops, folder)
        frames = 0
        times = []
        for _ in range(runs + 1):
            bare = _ffmpeg_seconds(source, folder / "out.raw")
            plain, frames = _ingest_seconds(
                source, folder / "bench.reel", IngestOptions(verify=False, detect_shots=False)
            )
            proved, frames = _ingest_seconds(source, folder / "bench.reel", IngestOptions(detect_shots=False))
            times.append((bare, plain, proved))
        times = times[1:]  # the first warms the disk's cache
        bare, plain, proved = (statistics.median(column) for column in zip(*times, strict=True))
        yield IngestRow(
            Path(film).name,
            frames,
            bare,
            plain,
            proved,
            ratio=statistics.median(first / second for first, second, _ in times),
            proved_ratio=statistics.median(first / third for first, _, third in times),
        )


def _looped(film: Path, loops: int, folder: Path) -> Path:
    """The film's picture, over and over, without encoding anew."""
    path = folder / f"{film.stem}-{loops}.mkv"
    loop = ["-stream_loop", str(loops - 1), "-i", str(film)]
    subprocess.run(
        [ffmpeg_binary(), "-y", "-v", "error", *loop, "-map", "0:v:0", "-c", "copy", str(path)], check=True
    )
    return path


def _ffmpeg_seconds(source: Path, raw: Path) -> float:
    begun = time.perf_counter()
    command = [ffmpeg_binary(), "-y", "-v", "error", "-i", str(source), "-map", "0:v:0"]
    subprocess.run([*command, "-fps_mode", "passthrough", "-f", "rawvideo", str(raw)], check=True)
    seconds = time.perf_counter() - begun
    raw.unlink()
    return seconds


def _ingest_seconds(source: Path, root: Path, options: IngestOptions) -> tuple[float, int]:
    begun = time.perf_counter()
    reel = ingest(source, root, options, silent)
    seconds = time.perf_counter() - begun
    frames = reel.info.frame_count
    shutil.rmtree(root)
    return seconds, frames


@click.command(name="ingest")
@click.argument("films", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--loops", default=20, show_default=True, help="Times each film is played through.")
@click.option("--runs", default=5, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write; None: the system's own.")
def command(films: tuple[str, ...], loops: int, runs: int, folder: Path | None) -> None:
    """Time the ingest of FILMS against `ffmpeg -f rawvideo`; as a Markdown table."""
    click.echo("| film | frames | ffmpeg to raw, s | ingest, s | proved, s | ratio | ratio, proved |")
    click.echo("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for row in ingest_rows(films, loops=loops, runs=runs, folder=Path(place)):
            click.echo(
                f"| {row.film} | {row.frames} | {row.ffmpeg_seconds:.2f} | {row.ingest_seconds:.2f} "
                f"| {row.proved_seconds:.2f} | {row.ratio:.2f} | {row.proved_ratio:.2f} |"
            )
