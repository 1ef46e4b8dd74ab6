"""`reelfix scenes`: which shots show the same place, and so share their colours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.progress import showing
from reelfix.bin.reels import reel_argument, reels_argument

if TYPE_CHECKING:
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.scenes import Scene

_shots = click.option("--shots", "wanted", required=True, metavar="3,7-9", help="The shots meant.")


@click.group("scenes")
def command() -> None:
    """Group the shots of a reel that show the same place, for `colorize` to give it the same colours.

    They are kept in the reel's hints/scenes.json; hints and references of one shot count for its scene.
    """


@command.command("detect")
@reels_argument
@click.option("--force", is_flag=True, help="Replace a list that differs from what is found.")
def detect(reels: tuple[str, ...], force: bool) -> ExitCode:
    """Find the scenes of each REEL anew: what looks alike, structure by structure, whatever its light."""
    return worst(on_each(reels, lambda name: _detect(name, force=force)))


def _detect(name: str, *, force: bool) -> None:
    from reelfix.pipeline.errors import UsageError
    from reelfix.pipeline.events import IngestProgress
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.scenes import has_scenes, scenes_of
    from reelfix.pipeline.scenes_detection import detect_scenes

    reel = Reel.open(name)
    with showing() as emit:
        found = detect_scenes(
            reel, lambda done, total: emit(IngestProgress(str(reel), "scenes", done, total))
        )
    old = scenes_of(reel)
    if has_scenes(reel) and old != found and not force:
        raise UsageError(
            f"{reel} has a list of {len(old)} scenes, and {len(found)} were found that differ: --force "
            "replaces it; the old list is kept in decisions.jsonl."
        )
    _replace(reel, found, "scenes detect")


@command.command("list")
@reels_argument
def list_scenes(reels: tuple[str, ...]) -> ExitCode:
    """List the scenes of each REEL: their shots, and the frames that stand for them."""
    from reelfix.pipeline.reel import Reel

    return worst(on_each(reels, lambda name: _print(Reel.open(name))))


@command.command("join")
@reel_argument
@_shots
def join(reel: str, wanted: str) -> ExitCode:
    """Make one scene of shots of REEL, and of the scenes that any of them is in."""
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.scenes import joined, scenes_of

    opened = Reel.open(reel)
    damaged = (frame.frame for frame in opened.info.damaged)
    _replace(opened, joined(scenes_of(opened), opened.shots(), wanted, damaged), "scenes join", shots=wanted)
    return ExitCode.DONE


@command.command("split")
@reel_argument
@_shots
def split(reel: str, wanted: str) -> ExitCode:
    """Take shots of REEL out of their scenes: each is coloured by itself."""
    from reelfix.pipeline.reel import Reel
    from reelfix.pipeline.scenes import parted, scenes_of

    opened = Reel.open(reel)
    _replace(opened, parted(scenes_of(opened), opened.shots(), wanted), "scenes split", shots=wanted)
    return ExitCode.DONE


def _replace(reel: "Reel", scenes: "Sequence[Scene]", kind: str, **details: Any) -> None:
    """Write a new list while nobody else writes to the reel, record it, and show it."""
    from reelfix.pipeline.lock import hold_reel
    from reelfix.pipeline.scenes import scenes_of, write_scenes

    with hold_reel(reel.root, "scenes"):
        before = [_spans(scene) for scene in scenes_of(reel)]
        write_scenes(reel, scenes)
        reel.decide(kind, **details, before=before, after=[_spans(scene) for scene in scenes])
    _print(reel)


def _spans(scene: "Scene") -> list[list[int]]:
    return [[member.span.start, member.span.stop] for member in scene.members]


def _print(reel: "Reel") -> None:
    from reelfix.pipeline.scenes import scenes_of

    shots = reel.shots()
    scenes = scenes_of(reel)
    for number, scene in enumerate(scenes, start=1):
        members = ", ".join(str(shot.number) for shot in scene.shots(shots))
        keys = ", ".join(str(member.key) for member in scene.members)
        click.echo(f"{reel.name}  scene {number}: shots {members}; frames {keys}  {scene.note}".rstrip())
    alone = sum(not any(scene.holds(shot) for scene in scenes) for shot in shots)
    click.echo(f"{reel.name}: {len(scenes)} scenes, {alone} shots alone")
