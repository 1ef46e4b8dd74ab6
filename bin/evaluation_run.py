"""What all kinds of `reelfix evaluate` have in common: options, opening what measures, printing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.progress import showing

if TYPE_CHECKING:
    import torch

    from reelfix.pipeline.evaluation.judges import Judges
    from reelfix.pipeline.evaluation.pairs import Measured
    from reelfix.pipeline.events import Emit

FOLDER = click.Path(path_type=Path)
EVERY = "Frames, of which one is measured by what takes long."


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every kind of evaluation has."""
    options = (
        click.option(
            "-o",
            "--output",
            type=FOLDER,
            default="reelfix-evaluation",
            show_default=True,
            metavar="FOLDER",
            help="Where evaluation.json and grid.png go.",
        ),
        click.option("--force", is_flag=True, help="Replace an evaluation that is there."),
        click.option("--measures", metavar="NAMES", help="Columns, by commas; or all."),
        click.option(
            "--weights",
            type=FOLDER,
            metavar="FOLDER",
            help="With AlexNet's and VGG16's weights.  [default: $REELFIX_WEIGHTS]",
        ),
        click.option(
            "--features",
            type=click.Choice(["efficientnet", "vgg16"]),
            default="efficientnet",
            show_default=True,
            help="What sets of pictures are compared by.",
        ),
        click.option("--pristine", type=FOLDER, metavar="FILE", help="NIQE's model.  [default: our own]"),
        click.option("--grid", type=click.IntRange(min=0), default=8, show_default=True, help="Rows of it."),
        click.option("--base", metavar="NAME", help="Whom others are compared with. [default: the plainest]"),
        click.option("--threads", type=click.IntRange(min=1), help="[default: all cores]"),
        click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def device_of(name: str) -> "torch.device":
    """Read the name of a device; raises click.UsageError for one there is not."""
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise click.UsageError(f"--device {name!r} is no device: {str(error).splitlines()[0]}") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise click.UsageError(f"--device {name}: there are {torch.cuda.device_count()} GPUs here.")
    return device


def evaluate(
    run: Callable[["Judges", "Emit"], "Measured"],
    default: Sequence[str],
    *,
    output: Path,
    force: bool,
    measures: str | None,
    weights: Path | None,
    features: Any,
    pristine: Path | None,
    grid: int,
    base: str | None,
    threads: int | None,
    as_json: bool,
) -> ExitCode:
    """Open the judges, run, write and print."""
    import cv2
    import torch

    from reelfix.bin.evaluation_tables import print_evaluation
    from reelfix.pipeline.evaluation.judges import open_judges
    from reelfix.pipeline.evaluation.measures import choose_measures
    from reelfix.pipeline.evaluation.output import Output

    folder = Output.claim(output, force=force)
    wanted = choose_measures(measures, default)
    judges = open_judges(wanted, weights=weights, pristine=pristine, features=features)
    if threads is not None:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
    with showing(as_json=as_json) as emit:
        measured = run(judges, emit)
    if base is not None:
        measured = measured.over(base)
    written = folder.write(measured)
    if not as_json:
        print_evaluation(measured)
    for path in written:
        click.echo(str(path), err=as_json)
    return ExitCode.DONE
