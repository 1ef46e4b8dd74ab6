"""`reelfix models`: the nets there are, what their cards say, and whether their files are what they say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.tables import counted, make_console, make_table, size_text

if TYPE_CHECKING:
    from reelfix.restoration.models.inventory import Entry

_SHORT = 12
"""Digits of a digest that are shown in the list."""

_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where weights and cards are.  [default: those that come with reelfix]",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


@click.group("models", invoke_without_command=True)
@_folder
@_as_json
@click.pass_context
def command(context: click.Context, folder: Path | None, as_json: bool) -> ExitCode:
    """List the nets there are, each held against its card; show one, check all, make a card.

    Exits with 1 where a file is not the one that its card is of.
    """
    if context.invoked_subcommand is not None:
        if folder or as_json:
            raise click.UsageError(f"give options after the command's name: {context.invoked_subcommand}.")
        return ExitCode.DONE
    from reelfix.restoration.models.inventory import inventory

    entries = inventory(folder)
    if as_json:
        click.echo(json.dumps([{**vars(entry), "ok": entry.ok} for entry in entries], ensure_ascii=False))
    else:
        _print_list(entries)
    return _code(not entry.problems for entry in entries)


@command.command("show")
@click.argument("name")
@_folder
@_as_json
def show(name: str, folder: Path | None, as_json: bool) -> ExitCode:
    """Show what is known of the net NAME, and its card; NAME may be a file's path, also of another's net."""
    from reelfix.restoration.models.card import read_card
    from reelfix.restoration.models.weights import find_weights
    from reelfix.restoration.net_record import net_record

    weights = find_weights(name, folder)
    weights.read()
    record = net_record(name, folder)
    card = read_card(weights.card_path).text if weights.card_path else ""
    if as_json:
        click.echo(json.dumps({**record, "card": card}, ensure_ascii=False))
        return ExitCode.DONE
    for line in _lines(record):
        click.echo(line)
    if card:
        click.echo(f"\n{card}")
    return ExitCode.DONE


@command.command("check")
@_folder
def check(folder: Path | None) -> ExitCode:
    """Hold every file of weights against its card; exits with 1 where one is not what it says."""
    from reelfix.restoration.models.inventory import inventory, without_card

    entries = inventory(folder)
    for entry in entries:
        for problem in entry.problems:
            _say(entry.name, problem, ok=False)
        if entry.gaps:
            _say(entry.name, f"the card does not say: {', '.join(entry.gaps)}. Add it to its head.", ok=False)
        if entry.ok:
            _say(entry.name, f"{size_text(entry.size)}, SHA-256 {entry.sha256}, as its card says", ok=True)
    loose = without_card(folder)
    for path in loose:
        _say(path.name, "there is no card of it. Make one, or take it away.", ok=False)
    total = sum(entry.size for entry in entries)
    click.echo(f"{counted(len(entries), 'model')}, {size_text(total)}")
    return _code([*(entry.ok for entry in entries), not loose])


@command.command("card")
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    metavar="RUN_FOLDER...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option("--name", required=True, help="What the weights are to be called by.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write weights, card and curves there.  [default: print the card alone]",
)
@click.option("--half", is_flag=True, help="Weights as float16: half the size.")
@click.option("--summary", help="One line: what it does.")
@click.option("--licence", help="Of the weights.")
@click.option(
    "--recipe", multiple=True, help="A command of the way from nothing to these weights; repeatable."
)
@click.option("--limit", "limits", multiple=True, help="What is known not to go well; repeatable.")
@click.option(
    "--data",
    multiple=True,
    type=(str, str, str),
    metavar="NAME TERMS USE",
    help="What it was trained on, on what terms, and for what; repeatable.",
)
def card(
    runs: tuple[Path, ...],
    name: str,
    output: Path | None,
    half: bool,
    summary: str | None,
    licence: str | None,
    recipe: tuple[str, ...],
    limits: tuple[str, ...],
    data: tuple[tuple[str, str, str], ...],
) -> ExitCode:
    """Make the card of trained weights from the folders of their runs, in the order they were run.

    The weights are those of the last. Where the card exists, what people wrote in it stays, and the figures,
    the curves, the weights and their digest are made anew.
    """
    from reelfix.restoration.models.publication import prepare

    said: dict[str, Any] = {"summary": summary, "licence": licence, "recipe": recipe, "limits": limits}
    said["data"] = [dict(zip(("name", "terms", "use"), entry, strict=True)) for entry in data]
    publication = prepare(
        runs,
        name,
        previous=output,
        half=half,
        said={key: value for key, value in said.items() if value},
    )
    if output is None:
        click.echo(publication.card.render(), nl=False)
        return ExitCode.DONE
    for path in publication.write(output):
        click.echo(f"{path}: {size_text(path.stat().st_size)}")
    for gap in publication.card.head.gaps():
        click.echo(f"the card does not say yet: {gap}", err=True)
    return ExitCode.DONE


@command.command("convert")
@click.argument("release", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The safetensors file to write.",
)
@click.option("--half", is_flag=True, help="Weights as float16: half the size.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
def convert(release: Path, output: Path, half: bool, force: bool) -> ExitCode:
    """Make the weights RELEASE of a colour net, as its authors published them, into a file of ours.

    RELEASE is eccv16's or siggraph17's file of the authors' PyTorch release (.pth). What is written is named
    by its path: reelfix run --set colorize.model=PATH.
    """
    if output.suffix.lower() != ".safetensors":
        raise click.UsageError(f"{output} must end in .safetensors.")
    if output.exists() and not force:
        raise click.UsageError(f"{output} is there already. Name another, or give --force.")
    from reelfix.restoration.colour.published import load_release, save_colour
    from reelfix.restoration.models.descriptor import describe

    save_colour(load_release(release), output, half=half)
    model = describe(str(output))
    click.echo(f"{output}: {model.architecture.name}, {model.parameters:,} parameters")
    return ExitCode.DONE


def _print_list(entries: "list[Entry]") -> None:
    from rich.text import Text

    table = make_table(["name", "architecture", "parameters", "size", "sha256", "verified"])
    for entry in entries:
        verified = Text("FAILED", style="bold red") if entry.problems else Text("ok", style="green")
        table.add_row(
            entry.name,
            entry.architecture,
            f"{entry.parameters:,}" if entry.parameters else "-",
            size_text(entry.size),
            entry.sha256[:_SHORT],
            verified,
        )
    console = make_console()
    console.print(table)
    for entry in entries:
        for problem in entry.problems:
            console.print(f"  {entry.name}: {problem}", style="red")


def _lines(record: dict[str, Any]) -> list[str]:
    shown = {key: value for key, value in record.items() if value not in ("", None, [], ())}
    width = max(len(key) for key in shown)
    return [f"{key.replace('_', ' '):{width}}  {_text(value)}" for key, value in shown.items()]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _say(name: str, message: str, *, ok: bool) -> None:
    mark = click.style("ok    ", fg="green") if ok else click.style("FAILED", fg="red", bold=True)
    click.echo(f"{mark} {name}: {message}")


def _code(results: Any) -> ExitCode:
    return ExitCode.DONE if all(results) else ExitCode.FAILED
