"""`reelfix evaluate`: how good the pictures are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.commands.evaluate_colour import colour, colour_stills
from reelfix.bin.evaluation_run import EVERY, FOLDER, common, device_of, evaluate
from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.progress import showing

if TYPE_CHECKING:
    from reelfix.pipeline.evaluation.judges import Judges
    from reelfix.pipeline.evaluation.pairs import Measured
    from reelfix.pipeline.events import Emit

_PARTS = click.Choice(["tune", "held-out", "all"])


@click.group("evaluate")
def command() -> None:
    """Measure how good pictures are, against a truth where there is one.

    Prints tables with intervals of 95 per cent (bootstrap over clips or pictures), and writes
    evaluation.json and grid.png, crops at full size, to a folder. A measure whose package or weights are
    not here is left out, with a note that says how to get them. The same command gives the same figures.
    """


@command.command("pairs")
@click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="FOLDER... TRUTH")
@common
def pairs(folders: tuple[Path, ...], **options: Any) -> ExitCode:
    """Measure pictures of each FOLDER against those of the same name in TRUTH."""
    if len(folders) < 2:
        raise click.UsageError("name two folders at least: restored pictures, and the true ones last.")
    from reelfix.pipeline.evaluation.pairs import DEFAULT_MEASURES, evaluate_pairs

    def run(judges: "Judges", emit: "Emit") -> "Measured":
        return evaluate_pairs(folders[:-1], folders[-1], judges, emit, grid=options["grid"])

    return evaluate(run, DEFAULT_MEASURES, **options)


@command.command("masters")
@click.argument("masters", nargs=-1, required=True, type=FOLDER, metavar="MASTER...")
@click.option("--truth", type=FOLDER, metavar="FILE", help="The clean film; else the first MASTER stands in.")
@click.option("--every", type=click.IntRange(min=1), default=6, show_default=True, help=EVERY)
@click.option("--block", type=click.IntRange(min=3), default=48, show_default=True, help="Frames of an item.")
@common
def masters(
    masters: tuple[Path, ...], truth: Path | None, every: int, block: int, **options: Any
) -> ExitCode:
    """Measure films frame by frame: against the true one, or against the first MASTER.

    They must have the same size and as many frames. Intervals are over blocks of frames.
    """
    if len(masters) < 2 and truth is None:
        raise click.UsageError("name two masters, or one and the true film with --truth.")
    from reelfix.pipeline.evaluation.masters import DEFAULT_MEASURES, evaluate_masters

    def run(judges: "Judges", emit: "Emit") -> "Measured":
        return evaluate_masters(masters, truth, judges, emit, every=every, block=block, grid=options["grid"])

    return evaluate(run, DEFAULT_MEASURES, **options)


@command.command("clips")
@click.argument("folder", type=FOLDER)
@click.option("--damage", type=FOLDER, metavar="FOLDER", help="True shapes of damage. [default: drawn ones]")
@click.option("--eras", metavar="NAMES", help="Damage of these eras, by commas; or all. [default: all]")
@click.option("--kinds", metavar="NAMES", help="And of single kinds, by commas; or all.")
@click.option(
    "--methods",
    multiple=True,
    metavar="NAMES",
    help="input, model-free, learned, by commas; or NAME='PRESET STAGE.SETTING=VALUE ...'; repeatable.",
)
@click.option("--clips", "names", metavar="NAMES", help="These clips alone, by commas, without suffix.")
@click.option("--part", type=_PARTS, default="tune", show_default=True, help="Of clips, and of shapes.")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Damages of each clip."
)
@click.option("--frames", type=click.IntRange(min=12), default=24, show_default=True, help="Of each clip.")
@click.option(
    "--width", type=click.IntRange(min=64), default=640, show_default=True, help="Of clips, at most."
)
@click.option("--every", type=click.IntRange(min=1), default=6, show_default=True, help=EVERY)
@common
def clips(folder: Path, methods: tuple[str, ...], **options: Any) -> ExitCode:
    """Damage clean clips of FOLDER with known seeds, restore them by each method, and measure.

    The film does not weave here. The truth is the clean clip at the damaged one's mean exposure.
    """
    from reelfix.pipeline.evaluation.film import (
        DEFAULT_MEASURES,
        FilmOptions,
        choose_cases,
        chosen_clips,
        evaluate_film,
        shapes_of,
    )
    from reelfix.pipeline.evaluation.methods import BUILT_IN, parse_methods

    film = FilmOptions(
        cases=choose_cases(options.pop("eras"), options.pop("kinds")),
        grid=options["grid"],
        **{name: options.pop(name) for name in ("seeds", "frames", "width", "every", "part")},
    )
    paths = chosen_clips(folder, options.pop("names"), film.part)
    shapes = shapes_of(options.pop("damage"), film.part)
    chosen = parse_methods(methods or (",".join(BUILT_IN),))

    def run(judges: "Judges", emit: "Emit") -> "Measured":
        return evaluate_film(paths, shapes, chosen, judges, emit, film)

    return evaluate(run, DEFAULT_MEASURES, **options)


@command.command("photos")
@click.argument("folder", type=FOLDER)
@click.option("--damage", type=FOLDER, metavar="FOLDER", help="True shapes of damage. [default: drawn ones]")
@click.option(
    "--rows",
    metavar="NAMES",
    help="By commas: input, telea, model-free, compact, 'compact without nonlocal', paper, 'paper without "
    "nonlocal'; NAME=FILE, a net's weights (FILE:without-nonlocal); NAME=MODULE:FUNCTION. [default: all]",
)
@click.option("--cases", metavar="NAMES", help="'old photo', structured, unstructured; or all.")
@click.option("--part", type=_PARTS, default="tune", show_default=True, help="Of stills, and of shapes.")
@click.option(
    "--count", type=click.IntRange(min=1), default=100, show_default=True, help="Of stills, at most."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the damage.")
@click.option("--size", type=click.IntRange(min=96), default=256, show_default=True, help="Pixels a side.")
@click.option("--colour", is_flag=True, help="Damage and restore in colour. [default: in gray]")
@click.option("--device", default="cpu", show_default=True, help="Where the nets run: cpu, cuda, cuda:1.")
@common
def photos(folder: Path, rows: str | None, device: str, **options: Any) -> ExitCode:
    """Damage stills of FOLDER as old photographs are, restore them, and measure: the paper's table.

    After table 1 of "Bringing Old Photos Back to Life" (Wan et al., 2020), on pictures of one's own. The
    restorers are given the true mask.
    """
    from reelfix.pipeline.evaluation.film import shapes_of
    from reelfix.pipeline.evaluation.photos import DEFAULT_MEASURES, PhotoOptions, evaluate_photos
    from reelfix.pipeline.evaluation.still_rows import parse_rows
    from reelfix.pipeline.evaluation.stills import choose_still_cases

    photo = PhotoOptions(
        cases=choose_still_cases(options.pop("cases")),
        grid=options["grid"],
        **{name: options.pop(name) for name in ("count", "seed", "size", "colour", "part")},
    )
    place = device_of(device)
    shapes, chosen = shapes_of(options.pop("damage"), photo.part), parse_rows(rows)

    def run(judges: "Judges", emit: "Emit") -> "Measured":
        return evaluate_photos(folder, shapes, chosen, judges, emit, photo, place)

    return evaluate(run, DEFAULT_MEASURES, **options)


@command.command("pristine")
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", type=FOLDER, required=True, metavar="FILE", help="The model, as JSON.")
@click.option("--part", type=_PARTS, default="tune", show_default=True, help="Of the pictures.")
@click.option("--force", is_flag=True, help="Replace a file of that name.")
def pristine(folder: Path, output: Path, part: Any, force: bool) -> None:
    """Fit NIQE's model of sound pictures to those of FOLDER."""
    from reelfix.pipeline.evaluation.pristine import fit_pristine

    with showing() as emit:
        model = fit_pristine(folder, output, part, emit, force=force)
    click.echo(f"{output}: {model.about['blocks']} blocks of {model.about['pictures']} pictures")


command.add_command(colour)
command.add_command(colour_stills)
