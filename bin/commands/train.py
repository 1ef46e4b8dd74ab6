"""`reelfix train`: nets made or adapted, stopped and taken up again at any step."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelfix.bin.exit_codes import ExitCode

if TYPE_CHECKING:
    from reelfix.restoration.training.report import TrainingReport

_PATH = click.Path(path_type=Path)


@click.command("train")
@click.argument("task", type=click.Choice(["domain-a", "domain-b", "mapping", "detect", "colorize"]))
@click.option(
    "--config",
    metavar="NAME",
    help="A configuration of the task, or a file of settings (*.toml).  [default: compact]",
)
@click.option(
    "--data",
    type=_PATH,
    multiple=True,
    metavar="FOLDER",
    help="Clean material, or prepared clips; repeatable.",
)
@click.option(
    "--real",
    type=_PATH,
    multiple=True,
    metavar="REEL_OR_FOLDER",
    help="Real damaged film: reels, videos, folders of pictures; repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=_PATH,
    default=Path("training"),
    show_default=True,
    metavar="FOLDER",
    help="Where runs lie, each in <task>-<configuration>.",
)
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop then; the next call goes on."
)
@click.option("--device", metavar="NAME", help="cpu, cuda, cuda:1.  [default: a GPU where there is one]")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that make batches.  [default: 1 to 4]")
@click.option(
    "--set", "assignments", multiple=True, metavar="SECTION.NAME=VALUE", help="A setting; repeatable."
)
@click.option(
    "--export",
    "target",
    type=_PATH,
    metavar="FILE",
    help="Only write the run's weights as of its last checkpoint, for a run that is under way too.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout.")
def command(
    task: str,
    config: str | None,
    data: tuple[Path, ...],
    real: tuple[Path, ...],
    output: Path,
    minutes: float | None,
    device: str | None,
    workers: int | None,
    assignments: tuple[str, ...],
    target: Path | None,
    as_json: bool,
) -> ExitCode:
    """Train nets for TASK, or go on with a run that was stopped.

    domain-a and domain-b are the autoencoders of damaged and of clean pictures, mapping goes between them,
    detect finds dirt and scratches, colorize gives colours. A run's folder has its settings, its split of the
    data, its losses and measures as CSV and as curves, example pictures, checkpoints, and in the end the
    weights.

    \b
      reelfix train domain-a --data prepared --real reel01.reel
      reelfix train mapping --data prepared --real reel01.reel   adapts the shipped weights to this film
    """  # noqa: D301 - Click's mark of a paragraph that is left as it is
    from reelfix.bin.training_progress import showing_training
    from reelfix.pipeline.training import TrainingRequest, export, train

    request = TrainingRequest(
        task=task,
        output=output,
        config=config,
        data=data,
        real=real,
        minutes=minutes,
        device=device,
        workers=workers,
        assignments=assignments,
    )
    if target is not None:
        step = export(request, target)
        click.echo(f"{target}: weights of step {step}")
        return ExitCode.DONE
    with showing_training(as_json=as_json) as emit:
        reports = train(request, emit)
    for report in reports:
        click.echo(json.dumps(_summary(report)) if as_json else _sentence(report))
    return ExitCode.INTERRUPTED if any(report.was_stopped for report in reports) else ExitCode.DONE


def _sentence(report: "TrainingReport") -> str:
    from reelfix.bin.progress import clock_text

    text = f"{report.folder}: step {report.step} of {report.steps}, {clock_text(report.seconds)}"
    if report.validation:
        values = [f"{name} {value:.4g}" for name, value in report.validation.items() if name != "step"]
        text += f"; {', '.join(values)} at step {report.validation['step']:.0f}"
    if report.weights is not None:
        return f"{text}; weights in {report.weights.name}"
    return f"{text}; to go on, give the same command again"


def _summary(report: "TrainingReport") -> dict[str, object]:
    return {
        "event": "TrainingReport",
        "run": report.name,
        "folder": str(report.folder),
        "step": report.step,
        "steps": report.steps,
        "stopped": report.was_stopped,
        "validation": dict(report.validation),
        "weights": str(report.weights) if report.weights else None,
    }
