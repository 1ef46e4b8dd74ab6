"""What a second worker brings."""

import shutil
import statistics
import tempfile
import time
from pathlib import Path

import click

from reelfix.bin.benchmarks.material import make_reel
from reelfix.io.storage import local_path
from reelfix.pipeline.dask_executor import DaskExecutor
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest

_STAGES = ("deflicker", "detect", "restore")


@click.command(name="scaling")
@click.option("--workers", default="1,2", show_default=True)
@click.option("--frames", default=480, show_default=True)
@click.option("--size", default="640x480", show_default=True)
@click.option("--runs", default=3, show_default=True)
def command(workers: str, frames: int, size: str, runs: int) -> None:
    """Measure the chain on 1 and 2 workers, the cores shared among them; starting them is left out."""
    width, height = (int(part) for part in size.split("x"))
    counts = [int(part) for part in workers.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        reel = make_reel(Path(folder) / "a.reel", frames=frames, height=height, width=width, shots=8)
        seconds: dict[int, list[float]] = {count: [] for count in counts}
        for _ in range(runs):
            for count in counts:
                seconds[count].append(_seconds(reel, count))
    for count in counts:
        median = statistics.median(seconds[count])
        speed_up = statistics.median(a / b for a, b in zip(seconds[counts[0]], seconds[count], strict=True))
        click.echo(f"{count} workers: {frames / median:.1f} frames/s, speed-up {speed_up:.2f}")


def _seconds(reel: Reel, workers: int) -> float:
    """Run the chain; the first, unmeasured shot warms the workers up."""
    with DaskExecutor(ExecutorOptions(workers=workers), most_workers=workers) as executor:
        _run(reel, executor, "1-2")
        begun = time.monotonic()
        _run(reel, executor, None)
        seconds = time.monotonic() - begun
    shutil.rmtree(local_path(reel.root / "stages"))
    return seconds * reel.info.frame_count / sum(shot.frame_count for shot in reel.shots()[2:])


def _run(reel: Reel, executor: DaskExecutor, shots: str | None) -> None:
    report = run([reel], RunRequest(stages=_STAGES, shots=shots), executor=executor)
    if not report.is_complete:
        raise click.ClickException(f"the run failed: {report.failed or report.refused}")
