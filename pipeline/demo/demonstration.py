"""The demo: a damaged reel made on the spot, through the whole pipeline, measured against its truth."""

from dataclasses import dataclass

from upath import UPath

from reelfix.io.storage import Location, as_path
from reelfix.pipeline.demo.film import DemoFilm, make_film
from reelfix.pipeline.demo.measure import DemoMeasures, measure_demo
from reelfix.pipeline.demo.picture import draw_example
from reelfix.pipeline.demo.reel import DemoFormat
from reelfix.pipeline.errors import ReelError
from reelfix.pipeline.events import Emit, silent
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.export import ExportRequest, export
from reelfix.pipeline.ingest import IngestOptions, ingest
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import RunReport, run
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.sheet import Sheets, make_sheets
from reelfix.pipeline.verify import VerifyReport, verify

PRESET = "full"


@dataclass(frozen=True)
class DemoReport:
    """What the demonstration made, and what it came to."""

    film: DemoFilm
    reel: Reel
    run: RunReport
    sheets: Sheets
    example: UPath
    """One frame before and after, its mask and the difference, as a JPEG."""
    master: UPath
    verification: VerifyReport
    measures: DemoMeasures

    @property
    def ok(self) -> bool:
        """Whether everything held, and the restoration is nearer to the truth than the input was."""
        return self.verification.ok and self.measures.psnr.gain > 0


def run_demo(
    folder: Location,
    emit: Emit = silent,
    *,
    executor: ExecutorOptions | None = None,
    force: bool = False,
    film: DemoFormat | None = None,
) -> DemoReport:
    """Make a damaged reel in `folder`, then ingest, run, sheet, export, verify and measure it.

    What an earlier, perhaps interrupted, demonstration finished there is taken over; `force` begins anew.
    Raises UsageError for files in `folder` that are not the demo's, ReelError where a stage failed.
    """
    place = as_path(folder)
    made = make_film(place, film or DemoFormat(), force=force)
    reel = ingest(made.source, place / "demo.reel", IngestOptions(force=force), emit)
    report = run([reel], RunRequest(preset=PRESET), executor, emit)
    _require_complete(report)
    sheets = make_sheets(reel, emit)
    example = draw_example(made, reel, place / "demo-example.jpg")
    master = _export(reel, place / "demo-restored.mkv", emit, anew=force or bool(report.done))
    verification = verify(reel, emit, master=master)
    measures = measure_demo(made, reel, master)
    return DemoReport(made, reel, report, sheets, example, master, verification, measures)


def _require_complete(report: RunReport) -> None:
    if not report.is_complete:
        failed = ", ".join(f"{job.task.stage} of {job.task.shot}" for job in report.failed)
        raise ReelError(f"the demo's stages failed: {failed}. See why with `reelfix status`.")


def _export(reel: Reel, target: UPath, emit: Emit, *, anew: bool) -> UPath:
    """Export the master; one of an earlier demonstration is replaced only where stages ran since."""
    if target.exists() and not anew:
        return target
    return export(reel, ExportRequest(target, codec="ffv1", force=anew), emit).path
