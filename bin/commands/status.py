"""`reelfix status`: how reels stand."""

import json
from typing import Any

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.reels import reels_argument


@click.command("status")
@reels_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON list of all reels on stdout.")
def command(reels: tuple[str, ...], as_json: bool) -> ExitCode:
    """Show how each REEL stands, shot by shot and stage by stage.

    With sizes, times, and why something is not done. A stage is done, running, begun (stopped on the
    way), failed, waiting (for a failed one), stale (done under other settings) or to do. Exits with 1
    where a shot has failed.
    """
    from reelfix.bin.tables import print_status
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.status import reel_status

    found: list[dict[str, Any]] = []

    def show(name: str) -> ExitCode:
        status = reel_status(Reel.open(name))
        if as_json:
            found.append(status.to_json())
        else:
            print_status(status)
        has_failed = any(status.count(stage)["failed"] for stage in status.stages)
        return ExitCode.FAILED if has_failed else ExitCode.DONE

    codes = on_each(reels, show)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    return worst(codes)
