"""Export to FFV1 against the stock ffmpeg that encodes the same film anew with the same options."""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reelfix.io.codecs import CODECS
from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.pipeline.events import silent
from reelfix.pipeline.export import ExportRequest, export
from reelfix.pipeline.ingest import IngestOptions, ingest
from reelfix.pipeline.reel import Reel


@dataclass(frozen=True)
class ExportRow:
    """One film, medians over the runs."""

    film: str
    size: str
    frames: int
    ffmpeg_seconds: float
    export_seconds: float
    """Read from the store, encoded, muxed and hashed."""
    checked_seconds: float
    """The same, and decoded again by the stock ffmpeg and compared."""
    ratio: float
    """Median of ffmpeg's time to ours, run by run: 1 is as fast."""
    checked_ratio: float


def export_rows(
    films: tuple[str, ...], *, loops: int, runs: int, scale: str | None, folder: Path
) -> Iterator[ExportRow]:
    """Measure each film, made `loops` times as long; kinds of run alternate."""
    for film in films:
        source = _prepared(Path(film), loops, scale, folder)
        plain = IngestOptions(verify=False, detect_shots=False)
        reel = ingest(source, folder / f"{source.stem}.reel", plain, silent)
        times = []
        for _ in range(runs + 1):
            bare = _ffmpeg_seconds(source, reel, folder / "out.mkv")
            unchecked = _export_seconds(reel, folder / "ours.mkv", check=False)
            checked = _export_seconds(reel, folder / "ours.mkv", check=True)
            times.append((bare, unchecked, checked))
        times = times[1:]  # the first warms the disk's cache
        bare, unchecked, checked = (statistics.median(column) for column in zip(*times, strict=True))
        video = reel.info.video
        yield ExportRow(
            Path(film).name,
            f"{video.width}x{video.height} {video.store_pix_fmt}",
            reel.info.frame_count,
            bare,
            unchecked,
            checked,
            ratio=statistics.median(first / second for first, second, _ in times),
            checked_ratio=statistics.median(first / third for first, _, third in times),
        )
        shutil.rmtree(folder / f"{source.stem}.reel")


def _prepared(film: Path, loops: int, scale: str | None, folder: Path) -> Path:
    """The film's picture over and over, without sound; enlarged where `scale` is given."""
    path = folder / f"{film.stem}-{loops}.mkv"
    command = [ffmpeg_binary(), "-y", "-v", "error", "-stream_loop", str(loops - 1), "-i", str(film)]
    coding = ["-c", "copy"]
    if scale is not None:
        size, _, pix_fmt = scale.partition(" ")
        coding = ["-vf", f"scale={size.replace('x', ':')}:flags=bicubic", "-c:v", "ffv1", "-level", "3"]
        coding += ["-slices", "16", "-pix_fmt", pix_fmt] if pix_fmt else ["-slices", "16"]
    subprocess.run([*command, "-map", "0:v:0", *coding, str(path)], check=True)
    return path


def _ffmpeg_seconds(source: Path, reel: Reel, target: Path) -> float:
    """Decode and encode anew, with the options of the codec table."""
    video = reel.info.video
    options = CODECS["ffv1"].encoder_options(video.pixel_format, video.height, video.width)
    coding = [word for name, value in options.items() for word in (f"-{name}", value)]
    command = [
        ffmpeg_binary(),
        "-y",
        "-v",
        "error",
        "-i",
        str(source),
        "-map",
        "0:v:0",
        "-fps_mode",
        "passthrough",
    ]
    begun = time.perf_counter()
    subprocess.run([*command, "-c:v", "ffv1", *coding, str(target)], check=True)
    return time.perf_counter() - begun


def _export_seconds(reel: Reel, target: Path, *, check: bool) -> float:
    begun = time.perf_counter()
    export(reel, ExportRequest(output=target, check=check, force=True))
    return time.perf_counter() - begun


@click.command(name="export")
@click.argument("films", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--loops", default=10, show_default=True, help="Times each film is played through.")
@click.option("--runs", default=5, show_default=True)
@click.option("--scale", metavar="'1440x1080 yuv420p'", help="Enlarge the films first.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write; None: the system's own.")
def command(films: tuple[str, ...], loops: int, runs: int, scale: str | None, folder: Path | None) -> None:
    """Time the export of FILMS to FFV1 against ffmpeg's own encoding; as a Markdown table."""
    click.echo("| film | picture | frames | ffmpeg, s | export, s | checked, s | ratio | ratio, checked |")
    click.echo("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for row in export_rows(films, loops=loops, runs=runs, scale=scale, folder=Path(place)):
            click.echo(
                f"| {row.film} | {row.size} | {row.frames} | {row.ffmpeg_seconds:.2f} "
                f"| {row.export_seconds:.2f} | {row.checked_seconds:.2f} "
                f"| {row.ratio:.2f} | {row.checked_ratio:.2f} |"
            )
