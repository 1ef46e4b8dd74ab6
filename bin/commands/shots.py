"""`reelfix shots`: the shot list, looked at and edited."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.progress import showing
from reelfix.bin.reels import reel_argument, reels_argument

if TYPE_CHECKING:
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.shots import Shot


@click.group("shots")
def command() -> None:
    """List, find and edit the shots of a reel.

    Every edit is written to the reel's decisions.jsonl, with the list as it was. Products of frames whose
    shot did not change are found again.
    """


@command.command("list")
@reels_argument
@click.option("--json", "as_json", is_flag=True, help="As in shots.json, one object per reel.")
def list_shots(reels: tuple[str, ...], as_json: bool) -> ExitCode:
    """List the shots of each REEL."""
    from reelfix.bin.tables import print_shots
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.shots import shots_to_json

    def show(name: str) -> None:
        reel = Reel.open(name)
        if as_json:
            click.echo(json.dumps({"reel": str(reel), **shots_to_json(reel.shots())}))
        else:
            print_shots(reel.name, reel.shots(), float(reel.info.video.rate_fraction))

    return worst(on_each(reels, show))


@command.command("detect")
@reels_argument
@click.option("--force", is_flag=True, help="Replace a list that differs from what is found.")
def detect(reels: tuple[str, ...], force: bool) -> ExitCode:
    """Find the cuts of each REEL anew. Settings and notes of shots stay with their frames."""
    return worst(on_each(reels, lambda name: _detect(name, force=force)))


def _detect(name: str, *, force: bool) -> ExitCode:
    from dataclasses import replace

    from reelfix.bin.tables import counted
    from reelfix.pipeline.errors import UsageError
    from reelfix.pipeline.events import IngestProgress
    from reelfix.pipeline.pixels import PixelMap
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.shot_detection import detect_shots
    from reelfix.pipeline.shot_edits import recut

    reel = Reel.open(name)
    info = reel.info
    pixel_map = PixelMap.of(info.video, is_monochrome=info.is_monochrome)
    with showing() as emit:
        found = detect_shots(
            reel.store(),
            pixel_map,
            float(info.video.rate_fraction),
            lambda done: emit(IngestProgress(str(reel), "shots", done, info.frame_count)),
        )
    old = reel.shots()
    recut_shots = recut(old, [(shot.start, shot.stop, "") for shot in found])
    new = tuple(
        replace(shot, transition=fresh.transition) for shot, fresh in zip(recut_shots, found, strict=True)
    )
    if new == old:
        click.echo(f"{reel.name}: the same {counted(len(old), 'shot')} as before")
        return ExitCode.DONE
    if (reel.root / "shots.json").exists() and not force:
        raise UsageError(
            f"{reel} has a list of {counted(len(old), 'shot')}, and {len(new)} were found: --force replaces "
            "it. Settings and notes stay with their frames; the old list is kept in decisions.jsonl."
        )
    _replace(reel, new, "shots detect")
    return ExitCode.DONE


@command.command("split")
@reel_argument
@click.option(
    "--at",
    "frames",
    type=click.IntRange(min=0),
    multiple=True,
    required=True,
    metavar="FRAME",
    help="First frame of the new shot; repeatable.",
)
def split(reel: str, frames: tuple[int, ...]) -> None:
    """Split shots of REEL at frames; both halves keep the settings of the whole."""
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.shot_edits import split_shot

    opened = Reel.open(reel)
    shots = opened.shots()
    for frame in frames:
        shots = split_shot(shots, frame)
    _replace(opened, shots, "shots split", at=list(frames))


@command.command("merge")
@reel_argument
@click.option("--shots", "wanted", required=True, metavar="3-5", help="The neighbours to make one.")
def merge(reel: str, wanted: str) -> None:
    """Make one shot of neighbouring shots of REEL; it keeps the first one's settings."""
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.shot_edits import merge_shots, settings_lost

    opened = Reel.open(reel)
    shots = opened.shots()
    for shot in settings_lost(shots, wanted):
        click.echo(f"{opened.name}: the settings of {shot} are given up: {dict(shot.settings)}", err=True)
    _replace(opened, merge_shots(shots, wanted), "shots merge", merged=wanted)


@command.command("export")
@reel_argument
@click.option("-o", "--output", required=True, metavar="FILE", help="Ending in .otio, .edl or .csv.")
@click.option("--force", is_flag=True, help="Replace a file of that name.")
def export_shots(reel: str, output: str, force: bool) -> None:
    """Write the shot list of REEL as OpenTimelineIO, CMX 3600 EDL or CSV."""
    from reelfix.io.documents import write_text
    from reelfix.io.storage import as_path
    from reelfix.io.timelines import timeline_format
    from reelfix.pipeline.errors import UsageError
    from reelfix.pipeline.reel import Reel

    opened = Reel.open(reel)
    path = as_path(output)
    form = timeline_format(path.suffix)
    if path.exists() and not force:
        raise UsageError(f"{path} is there already. Name another file, or replace it with --force.")
    cuts = [(shot.start, shot.stop, shot.note or shot.name) for shot in opened.shots()]
    write_text(path, form.write(cuts, _clock(opened)))
    click.echo(f"{path}: {len(cuts)} shots")


@command.command("import")
@click.argument("file", metavar="FILE")
@reel_argument
def import_shots(file: str, reel: str) -> None:
    """Take the shots of REEL from FILE (.otio, .edl or .csv); they must cover the reel.

    Settings and notes stay with their frames.
    """
    from reelfix.io.storage import as_path
    from reelfix.io.timelines import timeline_format
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.shot_edits import recut

    opened = Reel.open(reel)
    path = as_path(file)
    cuts = timeline_format(path.suffix).read(path.read_text(encoding="utf-8"), _clock(opened))
    _replace(opened, recut(opened.shots(), cuts), "shots import", file=str(path))


def _clock(reel: "Reel") -> Any:
    from reelfix.io.timelines import CutClock

    info = reel.info
    return CutClock(info.video.rate_fraction, info.timecode, info.path, reel.name)


def _replace(reel: "Reel", shots: "Sequence[Shot]", kind: str, **details: Any) -> None:
    """Write a new list while nobody else writes to the reel, and record the old one."""
    from reelfix.pipeline.lock import hold_reel
    from reelfix.pipeline.shots import shots_to_json

    with hold_reel(reel.root, "shots"):
        before = shots_to_json(reel.shots())["shots"]
        reel.write_shots(shots)
        reel.decide(kind, **details, before=before, after=shots_to_json(shots)["shots"])
    click.echo(f"{reel.name}: {len(before)} shots before, {len(shots)} now")
