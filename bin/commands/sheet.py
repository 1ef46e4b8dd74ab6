"""`reelfix sheet`: contact sheets."""

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.progress import showing
from reelfix.bin.reels import reels_argument


@click.command("sheet")
@reels_argument
@click.option("--shots", metavar="3,7-9", help="Draw these shots alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout.")
def command(reels: tuple[str, ...], shots: str | None, as_json: bool) -> ExitCode:
    """Draw the contact sheets of each REEL.

    A PNG per shot, and one HTML page of all: frames before and after, the mask laid over, the difference
    amplified, close-ups, slices through time, curves, alarms. They lie in the reel's sheets/ folder. The page
    has all its pictures in it but the PNGs, which it opens where they lie beside it; alarms.json has the
    alarms. Sheets that would not change are kept.
    """
    from reelfix.bin.tables import counted
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.sheet import make_sheets

    def draw(name: str) -> None:
        with showing(as_json=as_json) as emit:
            sheets = make_sheets(Reel.open(name), emit, shots=shots)
        if not as_json:
            words = f"{counted(len(sheets.pictures), 'sheet')}, {sheets.drawn} drawn anew"
            flagged = f"; {counted(sheets.flagged, 'shot')} flagged" if sheets.flagged else ""
            click.echo(f"{sheets.page} ({words}{flagged})")

    return worst(on_each(reels, draw))
