"""`reelfix ingest`: from sources to reels."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.progress import showing

if TYPE_CHECKING:
    from reelfix.pipeline.ingest_options import IngestOptions
    from reelfix.pipeline.reel import Reel

_NTSC = {"23.976": "24000/1001", "23.98": "24000/1001", "29.97": "30000/1001", "59.94": "60000/1001"}


class Rate(click.ParamType[Fraction]):
    """Frames per second: `18`, `24000/1001`; 23.976, 29.97 and 59.94 mean the exact broadcast rates."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Read a rate."""
        try:
            rate = Fraction(_NTSC.get(str(value), str(value)))
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is not a rate; write it like 18 or 24000/1001.", param, ctx)
        if not 0 < rate <= 1000:
            self.fail(f"{value} must be above 0 and at most 1000 frames per second.", param, ctx)
        return rate


@click.command("ingest")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "--into", metavar="FOLDER", help="Folder for the reels.  [default: the working folder]")
@click.option("--fps", type=Rate(), help="Rate of an image sequence, like 18 or 24000/1001.  [default: 24]")
@click.option("--deinterlace", type=click.Choice(["bwdif"]), help="Make frames of fields; else they stay.")
@click.option("--ivtc", is_flag=True, help="Take 3:2 pulldown back.")
@click.option(
    "--monochrome/--colour", default=None, help="Work on luma alone, or on colour.  [default: measured]"
)
@click.option(
    "--strict", is_flag=True, help="Stop at a damaged frame instead of concealing and recording it."
)
@click.option("--allow-lossy", is_flag=True, help="Take floating-point pictures, rounded to 16 bits.")
@click.option("--no-verify", is_flag=True, help="Do not prove the store against the source by framemd5.")
@click.option("--no-shots", is_flag=True, help="Do not look for cuts: the reel is one shot.")
@click.option(
    "--threads", type=click.IntRange(min=1), help="For decoding and compressing.  [default: all cores]"
)
@click.option("--force", is_flag=True, help="Ingest anew, over a reel that is there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout.")
def command(
    sources: tuple[str, ...],
    into: str | None,
    fps: Fraction | None,
    deinterlace: str | None,
    ivtc: bool,
    monochrome: bool | None,
    strict: bool,
    allow_lossy: bool,
    no_verify: bool,
    no_shots: bool,
    threads: int | None,
    force: bool,
    as_json: bool,
) -> ExitCode:
    """Make a reel of each SOURCE, decoded without loss.

    Every frame is proved against the stock ffmpeg, and the cuts are found. A SOURCE is a video file, a
    folder of pictures, or a pattern like scan.%06d.dpx; it is only ever read. An ingest that was stopped
    goes on where it was. One source that cannot be read stops no other.
    """
    from reelfix.pipeline.ingest_options import IngestOptions

    options = IngestOptions(
        fps=fps,
        deinterlace=deinterlace,
        ivtc=ivtc,
        strict=strict,
        verify=not no_verify,
        force=force,
        monochrome=monochrome,
        allow_lossy=allow_lossy,
        detect_shots=not no_shots,
        thread_count=threads,
    )
    return worst(on_each(sources, lambda source: _ingest(source, into, options, as_json=as_json)))


def _ingest(source: str, into: str | None, options: "IngestOptions", *, as_json: bool) -> None:
    from reelfix.io.sources import find_source
    from reelfix.io.storage import as_path
    from reelfix.pipeline.ingest import ingest

    found = find_source(source, fps=options.fps)
    root = as_path(into if into is not None else Path.cwd()) / f"{found.name}.reel"
    with showing(as_json=as_json) as emit:
        reel = ingest(source, root, options, emit)
    if not as_json:
        click.echo(f"{reel}: {_summary(reel)}")


def _summary(reel: "Reel") -> str:
    video, count = reel.info.video, len(reel.shots())
    parts = [
        f"{reel.info.frame_count} frames",
        f"{video.width}x{video.height} {video.store_pix_fmt}",
        f"{float(video.rate_fraction):.6g} fps",
        f"{count} shot{'s' * (count != 1)}",
    ]
    if reel.info.damaged:
        parts.append(f"{len(reel.info.damaged)} frames damaged in the source and concealed")
    return ", ".join(parts)
