"""Memory against length: the peak of a run over a shot ten times as long must be the same."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from reelfix.bin.benchmarks.material import make_reel
from reelfix.pipeline.dask_executor import ALLOCATOR

_STAGES = "deflicker,detect,restore"
_RUN = """
import resource, sys
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest

request = RunRequest(stages=tuple(sys.argv[2].split(",")))
report = run([Reel(sys.argv[1])], request, ExecutorOptions(scheduler="serial"))
assert report.is_complete, report
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@click.command(name="memory")
@click.option("--lengths", default="200,2000", show_default=True, help="Frames of the shots.")
@click.option("--size", default="640x480", show_default=True)
@click.option("--stages", default=_STAGES, show_default=True)
def command(lengths: str, size: str, stages: str) -> None:
    """Measure the peak memory of a process, with the workers' allocator, over shots of some lengths."""
    width, height = (int(part) for part in size.split("x"))
    peaks = []
    for frames in (int(part) for part in lengths.split(",")):
        with tempfile.TemporaryDirectory() as name:
            make_reel(Path(name) / "a.reel", frames=frames, height=height, width=width)
            peaks.append(_peak_mib(Path(name) / "a.reel", stages))
        click.echo(f"{frames} frames: {peaks[-1]:.0f} MiB")
    click.echo(f"the last against the first: {peaks[-1] / peaks[0]:.3f}")


def _peak_mib(reel: Path, stages: str) -> float:
    arguments = [sys.executable, "-c", _RUN, str(reel), stages]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=True, env={**os.environ, **ALLOCATOR}
    )
    return int(done.stdout) / 1024
