"""`reelfix evaluate colour` and `colour-stills`: pictures in colour turned gray, and coloured again."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.evaluation_run import EVERY, FOLDER, common, device_of, evaluate
from reelfix.bin.exit_codes import ExitCode

if TYPE_CHECKING:
    from reelfix.pipeline.evaluation.colour_rows import ColourRow
    from reelfix.pipeline.evaluation.judges import Judges
    from reelfix.pipeline.evaluation.pairs import Measured
    from reelfix.pipeline.events import Emit

_PARTS = click.Choice(["tune", "validation", "held-out", "all"])


def _coloured(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of what colours."""
    options = (
        click.option(
            "--rows",
            metavar="NAMES",
            help="By commas: gray, constant, sepia; of every model: net, 'net smoothed', stage, "
            "'stage smoothed', palette, saturation, '1 point', '10 points', '100 points', 'first frame'. "
            "[default: all]",
        ),
        click.option(
            "--model",
            "models",
            multiple=True,
            metavar="NAME",
            help="A net for colour, by name or path; repeatable. [default: the one that comes with us]",
        ),
        click.option("--saturation", type=float, metavar="S", help="Of colours.  [default: the stage's]"),
        click.option("--temperature", type=float, metavar="T", help="Likewise, of the annealed mean."),
        click.option("--part", type=_PARTS, default="tune", show_default=True, help="Of the pictures."),
        click.option(
            "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the points."
        ),
        click.option("--device", default="cpu", show_default=True, help="Where nets run: cpu, cuda, cuda:1."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command("colour")
@click.argument("folder", type=FOLDER)
@_coloured
@click.option("--clips", "names", metavar="NAMES", help="These clips alone, by commas, without suffix.")
@click.option("--frames", type=click.IntRange(min=12), default=24, show_default=True, help="Of each clip.")
@click.option(
    "--width", type=click.IntRange(min=64), default=320, show_default=True, help="Of clips, at most."
)
@click.option("--every", type=click.IntRange(min=1), default=6, show_default=True, help=EVERY)
@common
def colour(folder: Path, names: str | None, **options: Any) -> ExitCode:
    """Turn clips of FOLDER gray, colour them again by each row, and measure.

    Rows are baselines (no colour, one colour for all, sepia), the net alone frame by frame, the whole stage,
    both with their colours smoothed in time, the stage with the true palette or saturation of the middle
    frame, with true colours of points of the first frame, and with the first frame in colour.
    """
    from reelfix.pipeline.evaluation.colour import DEFAULT_MEASURES, ColourOptions, evaluate_colour
    from reelfix.pipeline.evaluation.colour_material import colour_clips

    chosen = ColourOptions(
        grid=options["grid"],
        **{name: options.pop(name) for name in ("part", "seed", "frames", "width", "every")},
    )
    paths = colour_clips(folder, names, chosen.part)
    rows, notes = _rows(options, chosen.seed)

    def run(judges: "Judges", emit: "Emit") -> "Measured":
        return evaluate_colour(paths, rows, judges, emit, chosen, notes)

    return evaluate(run, DEFAULT_MEASURES, **options)


@click.command("colour-stills")
@click.argument("folder", type=FOLDER)
@_coloured
@click.option(
    "--count", type=click.IntRange(min=1), default=100, show_default=True, help="Of stills, at most."
)
@click.option(
    "--size", type=click.IntRange(min=64), default=320, show_default=True, help="Of the longer side."
)
@common
def colour_stills(folder: Path, **options: Any) -> ExitCode:
    """Turn colour photographs of FOLDER gray, colour them again by each row, and measure."""
    from reelfix.pipeline.evaluation.colour import DEFAULT_MEASURES, ColourOptions, evaluate_colour_stills
    from reelfix.pipeline.evaluation.colour_material import colour_stills as stills_of
    from reelfix.pipeline.evaluation.colour_rows import SMOOTHED

    chosen = ColourOptions(
        grid=options["grid"], **{name: options.pop(name) for name in ("part", "seed", "count", "size")}
    )
    paths = stills_of(folder, chosen.part)
    rows, notes = _rows(options, chosen.seed, leave_out=("first frame", *SMOOTHED))

    def run(judges: "Judges", emit: "Emit") -> "Measured":
        return evaluate_colour_stills(folder, paths, rows, judges, emit, chosen, notes)

    return evaluate(run, DEFAULT_MEASURES, **options)


def _rows(
    options: dict[str, Any], seed: int, leave_out: tuple[str, ...] = ()
) -> tuple[list["ColourRow"], list[str]]:
    from reelfix.pipeline.evaluation.colour_rows import colour_models, open_rows

    strength = {name: options.pop(name) for name in ("saturation", "temperature")}
    models = colour_models(options.pop("models"), strength)
    device = device_of(options.pop("device"))
    return open_rows(options.pop("rows"), models, device, seed=seed, leave_out=leave_out)
