"""`reelfix hint`: the colours of single places and of a whole shot, that `colorize` goes by."""

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.reels import find_reels, reel_argument

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
    """Say what colour places have, or a shot as a whole, for `colorize` to go by.

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


@command.command("palette")
@click.argument("words", nargs=-1, required=True, metavar="[REEL] PICTURE")
@click.option("--shot", required=True, type=int, metavar="N", help="The shot it is for.")
@click.option("--strength", type=float, metavar="S", help="How far it is followed, 0 to 1.  [default: 0.5]")
def palette(words: tuple[str, ...], shot: int, strength: float | None) -> ExitCode:
    """Give a shot of REEL the colours of PICTURE as a whole: which there are, and how much of each.

    Where they lie in PICTURE is of no account. Points and references count above it. A palette given before
    is replaced; the shot's scene follows it as well, but for shots with a palette of their own.
    """
    from reelfix.pipeline.palette_hints import STRENGTH
    from reelfix.pipeline.palette_hints_edit import set_palette
    from reelfix.pipeline.reel import Reel

    *named, picture = words
    if len(named) > 1:
        raise click.UsageError(f"name one reel and one picture, not {', '.join(words)}.")
    opened = Reel.open(find_reels(tuple(named))[0])
    holder, added = set_palette(opened, picture, shot, strength=STRENGTH if strength is None else strength)
    opened.decide(
        "hint palette", name=added.picture, shot=str(holder), strength=added.strength, sha256=added.sha256
    )
    click.echo(f"{opened.name}: palette {added.picture}, strength {added.strength:g}, shot {holder.number}")
    return ExitCode.DONE


@command.command("saturation")
@click.argument("words", nargs=-1, required=True, metavar="[REEL] VALUE")
@click.option("--shot", required=True, type=int, metavar="N", help="The shot it is for.")
def saturation(words: tuple[str, ...], shot: int) -> ExitCode:
    """Say how colourful a shot of REEL shall be: VALUE is the mean of HSV's saturation over the picture.

    0 is gray; photographs have 0.12 (pale), 0.27 (most), 0.46 (vivid); darks count little. It counts above a
    palette's; what was said before is replaced. `colorize.saturation` multiplies it.
    """
    from reelfix.pipeline.palette_hints_edit import set_saturation
    from reelfix.pipeline.reel import Reel

    *named, text = words
    if len(named) > 1:
        raise click.UsageError(f"name one reel and one value, not {', '.join(words)}.")
    try:
        value = float(text)
    except ValueError as error:
        raise click.UsageError(f"{text!r} is not a number; say how colourful, from 0 to 1.") from error
    opened = Reel.open(find_reels(tuple(named))[0])
    holder, added = set_saturation(opened, value, shot)
    opened.decide("hint saturation", value=added.value, shot=str(holder))
    click.echo(f"{opened.name}: saturation {added.value:g}, shot {holder.number}")
    return ExitCode.DONE


@command.command("list")
@reel_argument
def list_hints(reel: str) -> ExitCode:
    """List the hints and references of REEL, by shot."""
    from reelfix.pipeline.hint_files import hints_of
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
        for palette in own.palettes:
            click.echo(f"shot {shot.number}  {palette.picture}  palette, strength {palette.strength:g}")
        for saturation in own.saturations:
            click.echo(f"shot {shot.number}  saturation {saturation.value:g}")
    return ExitCode.DONE


@command.command("drop")
@reel_argument
@_shot
@click.option("--frame", type=int, metavar="N", help="The points of one of the reel's frames.")
@click.option("--at", metavar="X,Y", callback=place, help="That at this place of it.")
@click.option("--palette", is_flag=True, help="The shot's palette alone.")
@click.option("--saturation", is_flag=True, help="What is said of its saturation alone.")
def drop(
    reel: str,
    shot: int | None,
    frame: int | None,
    at: tuple[int, int] | None,
    *,
    palette: bool,
    saturation: bool,
) -> ExitCode:
    """Take hints out of REEL: all of a shot, those of a frame, or one; decisions.jsonl keeps them.

    References stay: `reelfix reference drop`.
    """
    from reelfix.pipeline.colour_hints import ColourHints
    from reelfix.pipeline.colour_hints_edit import drop_points
    from reelfix.pipeline.palette_hints_edit import drop_from_shot
    from reelfix.pipeline.reel import Reel

    if shot is None and frame is None:
        raise click.UsageError("say which: --shot, or --frame, or --frame and --at.")
    if (palette or saturation) and (shot is None or frame is not None or at is not None):
        raise click.UsageError("a palette and a saturation are a whole shot's: say --shot alone.")
    opened = Reel.open(reel)
    if shot is None or frame is not None or at is not None:
        dropped = ColourHints(points=drop_points(opened, frame=frame, place=at, shot=shot))
    else:
        whole = not (palette or saturation)
        dropped = drop_from_shot(
            opened, shot, points=whole, palette=whole or palette, saturation=whole or saturation
        )
    for point in dropped.points:
        opened.decide("hint drop", frame=point.frame, at=[point.x, point.y], color=point.color)
        click.echo(f"{opened.name}: {point.color} at {point.x},{point.y} of frame {point.frame} dropped")
    for gone in dropped.palettes:
        opened.decide("hint drop", palette=gone.picture, sha256=gone.sha256, strength=gone.strength)
        click.echo(f"{opened.name}: palette {gone.picture} dropped")
    for told in dropped.saturations:
        opened.decide("hint drop", saturation=told.value, frames=[told.span.start, told.span.stop])
        click.echo(f"{opened.name}: saturation {told.value:g} dropped")
    return ExitCode.DONE
