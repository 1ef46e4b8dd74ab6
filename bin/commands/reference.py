"""`reelfix reference`: pictures in colour, that `colorize` goes by."""

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.reels import find_reels, reel_argument


@click.group("reference")
def command() -> None:
    """Give pictures in colour for `colorize` to go by.

    A frame that was coloured by hand (--frame), or any picture of something alike: a period photograph, a
    still. They are kept in the reel's hints/. Only the colours of its shot and scene are made again.
    """


@command.command("add")
@click.argument("words", nargs=-1, required=True, metavar="[REEL] PICTURE")
@click.option("--shot", type=int, metavar="N", help="The shot it is for.")
@click.option("--frame", type=int, metavar="N", help="The reel's frame that it is the colouring of.")
def add(words: tuple[str, ...], shot: int | None, frame: int | None) -> ExitCode:
    """Copy PICTURE into REEL; a frame that had a colouring before gets this one instead."""
    from reelfix.pipeline.colour_hints_edit import add_reference
    from reelfix.pipeline.reel import Reel

    *named, picture = words
    if len(named) > 1:
        raise click.UsageError(f"name one reel and one picture, not {', '.join(words)}.")
    opened = Reel.open(find_reels(tuple(named))[0])
    holder, added = add_reference(opened, picture, shot=shot, frame=frame)
    opened.decide("reference", name=added.picture, shot=str(holder), frame=frame, sha256=added.sha256)
    use = "any picture" if frame is None else f"the colouring of frame {frame}"
    click.echo(f"{opened.name}: {added.picture}, {use}, shot {holder.number}")
    return ExitCode.DONE


@command.command("list")
@reel_argument
def list_references(reel: str) -> ExitCode:
    """List the references of REEL."""
    from reelfix.pipeline.hint_files import hints_of
    from reelfix.pipeline.reel import Reel

    opened = Reel.open(reel)
    hints = hints_of(opened)
    for shot in opened.shots():
        for reference in hints.of(shot).references:
            click.echo(f"shot {shot.number}  {reference.picture}  {reference.use}")
    return ExitCode.DONE


@command.command("drop")
@reel_argument
@click.option("--name", "names", required=True, multiple=True, metavar="NAME", help="As `list` shows it.")
def drop(reel: str, names: tuple[str, ...]) -> ExitCode:
    """Take references out of REEL, with their pictures; what was decided stays in decisions.jsonl."""
    from reelfix.pipeline.colour_hints_edit import drop_reference
    from reelfix.pipeline.reel import Reel

    opened = Reel.open(reel)
    for name in names:
        dropped = drop_reference(opened, name)
        opened.decide("reference drop", name=dropped.picture, sha256=dropped.sha256)
        click.echo(f"{opened.name}: {dropped.picture} dropped")
    return ExitCode.DONE
