"""`reelfix hint`: the colours of single places, that `colorize` goes by."""

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.reels import reel_argument

_shot = click.option("--shot", type=int, metavar="N", help="The shot that holds the frame.")


def place(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Read `120,80`."""
    if value is None:
        return None
    x, comma, y = (part.strip() for part in value.partition(","))
    if not (comma and x.lstrip("-").isdigit() and y.lstrip("-").isdigit()):
        raise click.BadParameter(f"{value!r} is not a place in the picture; write it like 120,80.")
    return int(x), int(y)


@click.group("hint")
def command() -> None:
    """Say what colour places have, for `colorize` to go by.

    Hints are kept in the reel's hints/shot-0003.json and may be written there by hand. Frames are counted
    through the whole reel, from 0. Only the colours of that shot, and of its scene, are made again.
    """


@command.command("add")
@reel_argument
@_shot
@click.option("--frame", required=True, type=int, metavar="N", help="The reel's frame.")
@click.option(
    "--at", required=True, metavar="X,Y", callback=place, help="Pixels from the left and upper edge."
)
@click.option(
    "--color", "--colour", required=True, metavar="COLOUR", help="'#7a5230', or a name like sienna."
)
@click.option(
    "--radius", type=float, metavar="PIXELS", help="Pixels about it that have the colour.  [default: 5]"
)
def add(
    reel: str, shot: int | None, frame: int, at: tuple[int, int], color: str, radius: float | None
) -> ExitCode:
    """Say the colour of one place in a frame of REEL; one said of the same place before is replaced."""
    from reelfix.pipeline.colour_hints import RADIUS
    from reelfix.pipeline.colour_hints_edit import add_point
    from reelfix.pipeline.reel import Reel

    opened = Reel.open(reel)
    holder, point = add_point(
        opened, frame, at, color, shot=shot, radius=RADIUS if radius is None else radius
    )
    opened.decide("hint", frame=frame, at=list(at), color=point.color, radius=point.radius)
    click.echo(f"{opened.name}: {point.color} at {at[0]},{at[1]} of frame {frame}, shot {holder.number}")
    return ExitCode.DONE


@command.command("list")
@reel_argument
def list_hints(reel: str) -> ExitCode:
    """List the hints and references of REEL, by shot."""
    from reelfix.pipeline.colour_hints import hints_of
    from reelfix.pipeline.reel import Reel

    opened = Reel.open(reel)
    hints = hints_of(opened)
    for shot in opened.shots():
        own = hints.of(shot)
        for point in own.points:
            where = f"frame {point.frame} at {point.x},{point.y}"
            click.echo(f"shot {shot.number}  {where}  {point.color}, radius {point.radius:g}")
        for reference in own.references:
            click.echo(f"shot {shot.number}  {reference.picture}  {reference.use}")
    return ExitCode.DONE


@command.command("drop")
@reel_argument
@_shot
@click.option("--frame", type=int, metavar="N", help="Those of one of the reel's frames.")
@click.option("--at", metavar="X,Y", callback=place, help="That at this place of it.")
def drop(reel: str, shot: int | None, frame: int | None, at: tuple[int, int] | None) -> ExitCode:
    """Take hints out of REEL: all of a shot, those of a frame, or one; decisions.jsonl keeps them."""
    from reelfix.pipeline.colour_hints_edit import drop_points
    from reelfix.pipeline.reel import Reel

    if shot is None and frame is None:
        raise click.UsageError("say which: --shot, or --frame, or --frame and --at.")
    opened = Reel.open(reel)
    for point in drop_points(opened, frame=frame, place=at, shot=shot):
        opened.decide("hint drop", frame=point.frame, at=[point.x, point.y], color=point.color)
        click.echo(f"{opened.name}: {point.color} at {point.x},{point.y} of frame {point.frame} dropped")
    return ExitCode.DONE
