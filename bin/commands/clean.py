"""`reelfix clean`: what no current plan reaches."""

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.reels import reels_argument
from reelfix.bin.tables import size_text


@click.command("clean")
@reels_argument
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be removed.")
def command(reels: tuple[str, ...], dry_run: bool) -> ExitCode:
    """Remove products of each REEL that its last run does not reach.

    They are of other settings, or of other cuts. The source, the store, the shot list, decisions, sheets
    and masters are never touched.
    """
    from reelfix.pipeline.clean import clean
    from reelfix.pipeline.reel import Reel

    def tidy(name: str) -> None:
        reel = Reel.open(name)
        report = clean(reel, dry_run=dry_run)
        for folder in report.folders:
            click.echo(f"  {folder}")
        verb = "would be" if dry_run else "were"
        count = len(report.folders)
        click.echo(f"{reel.name}: {count} folders, {size_text(report.bytes)}, {verb} removed")

    return worst(on_each(reels, tidy))
