"""`reelfix mask`: a person's own marks, over what `detect` finds."""

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.reels import reel_argument

_frames = click.option("--frames", required=True, metavar="12-20", help="The frames meant, counted from 0.")
_pictures = click.option(
    "--png",
    "pictures",
    required=True,
    multiple=True,
    metavar="FILE",
    help="White is meant. One for all the frames, or repeated: one for each.",
)


@click.group("mask")
def command() -> None:
    """Add to what `detect` finds, or protect from it, with PNG masks of the frames' size.

    They are kept in the reel's masks/ and may be put there by hand: add.dirt.12-20.png, add.scratch.12.png,
    protect.12-20.png. Only the shots whose frames are meant run again.
    """


@command.command("add")
@reel_argument
@_frames
@_pictures
@click.option("--as", "plane", type=click.Choice(["dirt", "scratch"]), default="dirt", show_default=True)
def add(reel: str, frames: str, pictures: tuple[str, ...], plane: str) -> ExitCode:
    """Mark what is white in a PNG as damage of REEL."""
    return _added(reel, plane, frames, pictures)


@command.command("protect")
@reel_argument
@_frames
@_pictures
def protect(reel: str, frames: str, pictures: tuple[str, ...]) -> ExitCode:
    """Keep what is white in a PNG from being held for damage in REEL."""
    return _added(reel, "protect", frames, pictures)


@command.command("list")
@reel_argument
def list_masks(reel: str) -> ExitCode:
    """List the masks of REEL."""
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.user_masks import user_masks_of

    for mask in user_masks_of(Reel.open(reel)):
        click.echo(f"{mask.name}  {mask.plane}, frames {mask.start}-{mask.stop - 1}")
    return ExitCode.DONE


@command.command("drop")
@reel_argument
@click.option("--name", "names", required=True, multiple=True, metavar="NAME", help="As `list` shows it.")
def drop(reel: str, names: tuple[str, ...]) -> ExitCode:
    """Take masks out of REEL; what was decided stays in decisions.jsonl."""
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.user_masks import drop_mask

    opened = Reel.open(reel)
    for name in names:
        dropped = drop_mask(opened, name)
        opened.decide("mask drop", name=dropped.name, sha256=dropped.sha256)
        click.echo(f"{opened.name}: {dropped.name} dropped")
    return ExitCode.DONE


def _added(name: str, plane: str, frames: str, pictures: tuple[str, ...]) -> ExitCode:
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.user_masks import add_masks

    first, dash, last = frames.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()):
        raise click.UsageError(f"--frames {frames!r} is not a range of frames; write it like 12-20, or 12.")
    reel = Reel.open(name)
    for mask in add_masks(reel, plane, int(first), int(last or first) + 1, pictures):
        reel.decide("mask", name=mask.name, frames=[mask.start, mask.stop], plane=plane, sha256=mask.sha256)
        click.echo(f"{reel.name}: {mask.name}")
    return ExitCode.DONE
