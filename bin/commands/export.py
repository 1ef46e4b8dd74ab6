"""`reelfix export`: masters."""

from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.progress import showing
from reelfix.bin.reels import reels_argument

if TYPE_CHECKING:
    from reelfix.pipeline.reel import Reel


class CodecName(click.ParamType[str]):
    """One of the codecs of `io.codecs`, looked up when it is needed."""

    name = "codec"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name."""
        from reelfix.io.codecs import CODECS

        if value not in CODECS:
            self.fail(f"there is no codec {value!r}; there are: {', '.join(CODECS)}.", param, ctx)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """List the codecs."""
        from reelfix.io.codecs import CODECS

        return "[" + "|".join(CODECS) + "]"


class FrameRange(click.ParamType[tuple[int, int]]):
    """Frames `[start, stop)`, written `10-50`."""

    name = "start-stop"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read a range."""
        first, dash, last = str(value).partition("-")
        if not (dash and first.isdigit() and last.isdigit() and int(first) < int(last)):
            self.fail(
                f"{value!r} is not a range of frames; write it like 10-50 (frames 10 to 49).", param, ctx
            )
        return int(first), int(last)


@click.command("export")
@reels_argument
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="The master: a file, or for pictures a folder; of several reels: the folder that theirs go in.  "
    "[default: in the reel's masters/]",
)
@click.option("--codec", type=CodecName(), default="ffv1", show_default=True, help="How it is encoded.")
@click.option("--range", "frames", type=FrameRange(), help="Frames START up to STOP, without STOP itself.")
@click.option("--shots", metavar="3,7-9", help="These shots alone.")
@click.option("--side-by-side", is_flag=True, help="Before at the left, after at the right: proxies alone.")
@click.option(
    "--allow-unfinished", is_flag=True, help="Take shots that are not done as they are in the source."
)
@click.option("--no-check", is_flag=True, help="Do not decode the master again and compare.")
@click.option("--threads", type=click.IntRange(min=1), help="Of the encoder.  [default: all cores]")
@click.option("--force", is_flag=True, help="Replace a master of that name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout.")
def command(reels: tuple[str, ...], output: str | None, as_json: bool, **options: Any) -> ExitCode:
    """Write the master of each REEL, checked.

    It gets its name, and its sidecars, once every check has passed. Where nothing was changed it has the
    source's own bits; sound and all else is taken over packet for packet. Without any stage run, the
    master's framemd5 is the source's.
    """
    from reelfix.pipeline.reel import Reel

    def write(name: str) -> None:
        reel = Reel.open(name)
        target = _target(reel, output, options["codec"], is_one=len(reels) == 1)
        _export(reel, target, options, as_json=as_json)

    return worst(on_each(reels, write))


def _target(reel: "Reel", output: str | None, codec: str, *, is_one: bool) -> str | None:
    """Return where a reel's master goes: `output`, or of several reels a place in that folder."""
    from reelfix.io.codecs import CODECS

    if output is None or (is_one and not output.endswith("/")):
        return output
    suffix = "" if CODECS[codec].is_sequence else CODECS[codec].suffix
    return f"{output.rstrip('/')}/{reel.name}.{codec}{suffix}"


def _export(reel: "Reel", target: str | None, options: dict[str, Any], *, as_json: bool) -> None:
    from reelfix.pipeline.export import ExportRequest, export

    request = ExportRequest(
        output=target,
        codec=options["codec"],
        shots=options["shots"],
        frame_range=options["frames"],
        force=options["force"],
        side_by_side=options["side_by_side"],
        check=not options["no_check"],
        allow_unfinished=options["allow_unfinished"],
        thread_count=options["threads"] or 0,
    )
    with showing(as_json=as_json) as emit:
        master = export(reel, request, emit)
    if not as_json:
        checked = "not checked" if options["no_check"] else "checked"
        click.echo(f"{master.path}: {master.frames} frames, {checked}")
        for sidecar in master.sidecars:
            click.echo(f"  {sidecar.name}")
