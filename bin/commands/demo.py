"""`reelfix demo`: a damaged reel made on the spot, through all of it."""

from typing import TYPE_CHECKING

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.progress import showing

if TYPE_CHECKING:
    from reelfix.pipeline.demo import DemoReport


@click.command("demo")
@click.option("-o", "--into", default="reelfix-demo", show_default=True, metavar="FOLDER", help="Where to.")
@click.option("--workers", type=click.IntRange(min=1), help="CPU workers.  [default: one per core]")
@click.option("--force", is_flag=True, help="Begin anew, over an earlier demonstration.")
def command(into: str, workers: int | None, force: bool) -> ExitCode:
    """Take a damaged reel, made on the spot, through all of it.

    From ingest to a verified master, with sound. Ends by naming the contact sheet and the master, and by
    what was gained over the input, measured against the truth that the demonstration knows.
    """
    from reelfix.pipeline.demo import run_demo
    from reelfix.pipeline.executor import ExecutorOptions

    with showing() as emit:
        report = run_demo(into, emit, executor=ExecutorOptions(workers=workers), force=force)
    _say(report)
    return ExitCode.DONE if report.ok else ExitCode.FAILED


def _say(report: "DemoReport") -> None:
    measures = report.measures
    for finding in report.verification.findings:
        if not finding.ok:
            click.echo(f"FAILED {finding.subject}: {finding.message}", err=True)
    rows = (
        ("PSNR, whole picture", measures.psnr, "dB"),
        ("PSNR, under the damage", measures.psnr_damage, "dB"),
        ("PSNR, elsewhere", measures.psnr_elsewhere, "dB"),
    )
    click.echo("\nagainst the clean film:")
    for name, figure, unit in rows:
        click.echo(f"  {name:<24} {figure.before:6.2f} -> {figure.after:6.2f} {unit}  ({figure.gain:+.2f})")
    truth = measures.flicker_truth
    for name, figure, clean in (
        ("flicker, global", measures.flicker, truth.overall),
        ("flicker, local", measures.flicker_local, truth.local),
    ):
        click.echo(f"  {name:<24} {figure.before:.5f} -> {figure.after:.5f}  (the clean film: {clean:.5f})")
    for name, score in (
        ("dirt", measures.dirt),
        ("scratches", measures.scratch),
        ("either", measures.damage),
    ):
        parts = f"precision {score.precision:.3f}, recall {score.recall:.3f}"
        click.echo(f"  {'mask of ' + name:<24} F1 {score.f1:.3f}  ({parts})")
    count = len(report.verification.findings)
    click.echo(
        f"\nverified:      {count} findings, {'all hold' if report.verification.ok else 'NOT all hold'}"
    )
    click.echo(f"damaged reel:  {report.film.source}")
    click.echo(f"one frame:     {report.example}")
    click.echo(f"contact sheet: {report.sheets.page}")
    click.echo(f"master:        {report.master}")
