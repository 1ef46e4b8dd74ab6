"""Ingest against the stock ffmpeg that decodes the same film to raw video on the same disk."""

import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.pipeline.events import silent
from reelfix.pipeline.ingest import IngestOptions, ingest

PLAIN = IngestOptions(verify=False, detect_shots=False)
"""Hashed, decoded, measured, compressed, written and committed."""
PROVED = IngestOptions(detect_shots=False)
"""The same, and every frame held against the stock ffmpeg's framemd5."""


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    seconds: float
    processor_seconds: float
    """Over all cores and child processes: says most where the machine has other work."""


@dataclass(frozen=True)
class IngestRow:
    """One film: medians over the runs; ratios are of runs one after the other, 1 is as fast as ffmpeg."""

    film: str
    frames: int
    ffmpeg: float
    """Frames per second; so too the next two."""
    plain: float
    proved: float
    ratio: float
    proved_ratio: float
    processor_ratio: float
    """ffmpeg's processor time to that of the plain ingest."""


def ingest_rows(films: tuple[str, ...], *, loops: int, runs: int, folder: Path) -> Iterator[IngestRow]:
    """Measure each film, made `loops` times as long by copying its packets; kinds of run alternate."""
    for film in films:
        source = _looped(Path(film), loops, folder)
        root = folder / "bench.reel"
        frames = 0
        costs: list[tuple[Cost, Cost, Cost]] = []
        for _ in range(runs + 1):
            bare = _cost(lambda: _decode(source, folder / "out.raw"))  # noqa: B023 - called at once
            plain = _cost(lambda: ingest(source, root, PLAIN, silent))  # noqa: B023
            shutil.rmtree(root)
            proved = _cost(lambda: ingest(source, root, PROVED, silent))  # noqa: B023
            frames = ingest(source, root, PLAIN, silent).info.frame_count
            shutil.rmtree(root)
            costs.append((bare, plain, proved))
        costs = costs[1:]  # the first brings the film into memory
        bare_s, plain_s, proved_s = (
            statistics.median(cost.seconds for cost in kind) for kind in zip(*costs, strict=True)
        )
        yield IngestRow(
            Path(film).name,
            frames,
            ffmpeg=frames / bare_s,
            plain=frames / plain_s,
            proved=frames / proved_s,
            ratio=statistics.median(bare.seconds / plain.seconds for bare, plain, _ in costs),
            proved_ratio=statistics.median(bare.seconds / proved.seconds for bare, _, proved in costs),
            processor_ratio=statistics.median(
                bare.processor_seconds / plain.processor_seconds for bare, plain, _ in costs
            ),
        )


def _looped(film: Path, loops: int, folder: Path) -> Path:
    """Return the film's picture, over and over, without encoding anew."""
    path = folder / f"{film.stem}-{loops}.mkv"
    command = [ffmpeg_binary(), "-y", "-v", "error", "-stream_loop", str(loops - 1), "-i", str(film)]
    subprocess.run([*command, "-map", "0:v:0", "-c", "copy", str(path)], check=True)
    return path


def _decode(source: Path, raw: Path) -> None:
    command = [ffmpeg_binary(), "-y", "-v", "error", "-i", str(source), "-map", "0:v:0"]
    subprocess.run([*command, "-fps_mode", "passthrough", "-f", "rawvideo", str(raw)], check=True)
    raw.unlink()


def _cost(run: Callable[[], object]) -> Cost:
    begun, processor = time.perf_counter(), _processor_seconds()
    run()
    return Cost(time.perf_counter() - begun, _processor_seconds() - processor)


def _processor_seconds() -> float:
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


@click.command(name="ingest")
@click.argument("films", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--loops", default=20, show_default=True, help="Times each film is played through.")
@click.option("--runs", default=5, show_default=True)
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where to write.  [default: the system's own]"
)
def command(films: tuple[str, ...], loops: int, runs: int, folder: Path | None) -> None:
    """Time the ingest of FILMS against `ffmpeg -f rawvideo`; frames per second, as a Markdown table."""
    click.echo("| film | frames | ffmpeg | ingest | proved | ratio | proved | processor time |")
    click.echo("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for row in ingest_rows(films, loops=loops, runs=runs, folder=Path(place)):
            click.echo(
                f"| {row.film} | {row.frames} | {row.ffmpeg:.0f} | {row.plain:.0f} | {row.proved:.0f} "
                f"| {row.ratio:.2f} | {row.proved_ratio:.2f} | {row.processor_ratio:.2f} |"
            )
