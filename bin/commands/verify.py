"""`reelfix verify`: fixity of all there is."""

import json
from typing import TYPE_CHECKING

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.progress import showing
from reelfix.bin.reels import reels_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reelfix.pipeline.finding import Finding
    from reelfix.pipeline.reel import Reel


@click.command("verify")
@reels_argument
@click.option(
    "--master",
    "masters",
    multiple=True,
    metavar="FILE",
    help="A master of the reel; repeatable.  [default: those exported that are still where they were]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event and finding on stdout.")
def command(reels: tuple[str, ...], masters: tuple[str, ...], as_json: bool) -> ExitCode:
    """Verify each REEL against all its digests.

    The source, the store against the source, the products, the masters. Exits with 1 where something does
    not hold, saying what and what to do.
    """
    if masters and len(reels) > 1:
        raise click.UsageError(
            f"--master belongs to one reel, and {len(reels)} are named: name that one alone."
        )
    from reelfix.pipeline.reel import Reel

    def check(name: str) -> ExitCode:
        held = True
        reel = Reel.open(name)
        for finding in _findings(reel, masters, as_json=as_json):
            held &= finding.ok
            _say(reel, finding, as_json=as_json)
        return ExitCode.DONE if held else ExitCode.FAILED

    return worst(on_each(reels, check))


def _findings(reel: "Reel", masters: tuple[str, ...], *, as_json: bool) -> "Iterator[Finding]":
    from reelfix.io.storage import as_path
    from reelfix.pipeline.status import exported_masters
    from reelfix.pipeline.verify import verify
    from reelfix.pipeline.verify_master import verify_master

    with showing(as_json=as_json) as emit:
        findings = list(verify(reel, emit).findings)
        for master in masters or exported_masters(reel):
            if masters or as_path(master).exists():
                findings += verify_master(reel, master, emit)
    yield from findings


def _say(reel: "Reel", finding: "Finding", *, as_json: bool) -> None:
    if as_json:
        record = {"event": "Finding", "reel": str(reel), **vars(finding)}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        mark = click.style("ok    ", fg="green") if finding.ok else click.style("FAILED", fg="red", bold=True)
        click.echo(f"{mark} {reel.name}: {finding.subject}: {finding.message}")
