"""`reelfix run`: the stages, on what is missing."""

import json
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.progress import showing
from reelfix.bin.reels import reels_argument

if TYPE_CHECKING:
    from reelfix.pipeline.run import RunReport


class NumberList(click.ParamType[tuple[int, ...]]):
    """Numbers with commas between them: `0,1`."""

    name = "n,n"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read the numbers, each once."""
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdigit() for part in parts):
            self.fail(f"{value!r} is not a list of numbers; write it like 0,1.", param, ctx)
        return tuple(dict.fromkeys(int(part) for part in parts))


@click.command("run")
@reels_argument
@click.option(
    "--stages", metavar="A,B,C", help="Which, in any order.  [default: the last run's, or the preset's]"
)
@click.option(
    "--preset", metavar="NAME", help="Begin from a preset, see `reelfix presets`.  [default: archive]"
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="STAGE.NAME=VALUE",
    help="A setting, kept for later runs; repeatable. With --shots it is kept for those shots alone.",
)
@click.option("--shots", metavar="3,7-9", help="Run these shots alone.")
@click.option("--gpus", type=NumberList(), help="One worker on each of these GPUs.")
@click.option("--workers", type=click.IntRange(min=1), help="CPU workers.  [default: one per core]")
@click.option(
    "--scheduler", metavar="ADDRESS", help="A running Dask cluster (tcp://...), or `serial`: no workers."
)
@click.option("--break-lock", is_flag=True, help="Take over a lock that another host left behind.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout.")
def command(
    reels: tuple[str, ...],
    stages: str | None,
    preset: str | None,
    assignments: tuple[str, ...],
    shots: str | None,
    gpus: tuple[int, ...] | None,
    workers: int | None,
    scheduler: str | None,
    break_lock: bool,
    as_json: bool,
) -> ExitCode:
    """Run the stages on what is missing of each REEL.

    What is done already, under the same settings, is found and kept; failed shots are tried again. One
    cluster serves the shots of all reels. Stopped at any moment, the same command goes on.
    """
    _check_where(gpus, workers, scheduler)
    from reelfix.pipeline.executor import ExecutorOptions
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.run import run
    from reelfix.pipeline.settings import RunRequest, parse_assignments

    names = None if stages is None else tuple(name.strip() for name in stages.split(",") if name.strip())
    request = RunRequest(names, preset, parse_assignments(assignments), shots)
    options = ExecutorOptions(workers, gpus or (), scheduler)
    with showing(as_json=as_json) as emit:
        report = run([Reel(reel) for reel in reels], request, options, emit, break_lock=break_lock)
    if as_json:
        click.echo(json.dumps(_summary(report)))
    else:
        _say(report)
    return _code(report)


def _check_where(gpus: tuple[int, ...] | None, workers: int | None, scheduler: str | None) -> None:
    options = {"--gpus": gpus, "--workers": workers, "--scheduler": scheduler}
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} each say where to run: give one of them.")
    if scheduler is not None and scheduler != "serial" and "://" not in scheduler:
        raise click.UsageError(f"--scheduler {scheduler!r} is not an address; write it like tcp://host:8786.")


def _code(report: "RunReport") -> ExitCode:
    if report.refused:
        return ExitCode.BAD_INPUT
    return ExitCode.DONE if report.is_complete else ExitCode.FAILED


def _summary(report: "RunReport") -> dict[str, Any]:
    def jobs(entries: Any) -> list[dict[str, Any]]:
        return [{"reel": job.reel, "stage": job.task.stage, "shot": job.task.shot.number} for job in entries]

    return {
        "event": "RunReport",
        "done": jobs(report.done),
        "failed": jobs(report.failed),
        "waiting": jobs(report.waiting),
        "found": report.found,
        "refused": [{"reel": reel, "reason": reason} for reel, reason in report.refused],
        "complete": report.is_complete,
    }


def _say(report: "RunReport") -> None:
    from reelfix.bin.tables import counted

    parts = [f"{counted(len(report.done), 'task')} done", f"{report.found} found done"]
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    if report.waiting:
        parts.append(f"{len(report.waiting)} wait for them")
    click.echo(", ".join(parts))
    for job in report.failed:
        click.echo(f"failed: {job.reel}, {job.task.stage}, shot {job.task.shot.number}", err=True)
    if report.failed:
        click.echo("See why with `reelfix status`; `reelfix run` tries again what failed.", err=True)
    for reel, reason in report.refused:
        click.echo(f"reelfix: {reel}: {reason}", err=True)
