"""Scenes: shots of a reel that show the same place, so that it keeps its colours from one to the next.

`hints/scenes.json` lists them; a shot in none is alone. A member of a scene is a range of frames, with one
of them that stands for it: a shot that is split or moved stays in its scene.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reelfix.io.documents import read_json, write_json
from reelfix.io.errors import StoreError
from reelfix.pipeline.colour_hints import FOLDER
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot, select
from reelfix.pipeline.spans import Span


@dataclass(frozen=True)
class Member:
    """A shot of a scene."""

    span: Span
    key: int
    """The reel's frame that stands for it."""


@dataclass(frozen=True)
class Scene:
    """Shots that show the same place."""

    members: tuple[Member, ...]
    note: str = ""

    def holds(self, shot: Shot) -> bool:
        """Say whether a shot is one of its members."""
        return any(member.span.is_of(shot) for member in self.members)

    def shots(self, shots: Iterable[Shot]) -> tuple[Shot, ...]:
        """Return those of `shots` that are its members."""
        return tuple(shot for shot in shots if self.holds(shot))


def scenes_of(reel: Reel) -> tuple[Scene, ...]:
    """Return the reel's scenes; none where no file lists any.

    Raises UsageError for a file that is not as it must be, and for a shot that is in two scenes.
    """
    path = reel.root / FOLDER / "scenes.json"
    try:
        content = read_json(path)
    except FileNotFoundError:
        return ()
    shots = reel.shots()
    try:
        scenes = tuple(_scene(entry, shots, reel.info.frame_count) for entry in content["scenes"])
    except (KeyError, TypeError, ValueError, AttributeError, StoreError) as error:
        raise UsageError(
            f"{path} is not a list of scenes ({error!r}): a scene has shots, each with frames and a key. "
            "Mend it, or make it anew with `reelfix scenes detect --force`."
        ) from error
    _check_apart(scenes, shots, str(path))
    return scenes


def has_scenes(reel: Reel) -> bool:
    """Say whether scenes were ever looked for, or listed by hand."""
    return (reel.root / FOLDER / "scenes.json").exists()


def write_scenes(reel: Reel, scenes: Sequence[Scene]) -> None:
    """Replace the reel's list of scenes; those of a single shot are left out."""
    kept = sorted(
        (scene for scene in scenes if len(scene.members) > 1), key=lambda scene: scene.members[0].span.start
    )
    write_json(
        reel.root / FOLDER / "scenes.json",
        {
            "version": 1,
            "scenes": [
                {
                    "scene": number,
                    **({"note": scene.note} if scene.note else {}),
                    "shots": [
                        {"frames": [member.span.start, member.span.stop], "key": member.key}
                        for member in scene.members
                    ],
                }
                for number, scene in enumerate(kept, start=1)
            ],
        },
    )


def scene_of(scenes: Iterable[Scene], shot: Shot) -> Scene | None:
    """Return the scene that a shot is of; None for one that is alone."""
    return next((scene for scene in scenes if scene.holds(shot)), None)


def joined(
    scenes: Sequence[Scene], shots: Sequence[Shot], wanted: str, damaged: Iterable[int]
) -> tuple[Scene, ...]:
    """Make one scene of the shots `wanted` (`"3,7-9"`), and of the scenes that any of them are of.

    Raises UsageError where fewer than two are named. `damaged`: frames that stand for none.
    """
    chosen = select(shots, wanted)
    if len(chosen) < 2:
        raise UsageError(f"{wanted!r} is one shot: name two or more that show the same place.")
    touched = [scene for scene in scenes if any(scene.holds(shot) for shot in chosen)]
    members = [member for scene in touched for member in scene.members]
    bad = frozenset(damaged)
    members += [
        Member(Span(shot.start, shot.stop), middle_of(shot, bad))
        for shot in chosen
        if scene_of(touched, shot) is None
    ]
    notes = " ".join(scene.note for scene in touched if scene.note)
    made = Scene(tuple(sorted(members, key=lambda member: member.span.start)), notes)
    return (*(scene for scene in scenes if scene not in touched), made)


def parted(scenes: Sequence[Scene], shots: Sequence[Shot], wanted: str) -> tuple[Scene, ...]:
    """Take the shots `wanted` out of their scenes, each to be alone.

    Raises UsageError where none of them is in one.
    """
    chosen = select(shots, wanted)
    if not any(scene_of(scenes, shot) for shot in chosen):
        raise UsageError(f"no shot of {wanted!r} is in a scene. `reelfix scenes list` shows those there are.")
    left = (
        replace(
            scene,
            members=tuple(
                member for member in scene.members if not any(member.span.is_of(shot) for shot in chosen)
            ),
        )
        for scene in scenes
    )
    return tuple(scene for scene in left if len(scene.members) > 1)


def middle_of(shot: Shot, damaged: frozenset[int] = frozenset()) -> int:
    """Return the frame nearest a shot's middle that is not damaged; the middle where all are."""
    middle = (shot.start + shot.stop) // 2
    frames = sorted(range(shot.start, shot.stop), key=lambda frame: (abs(frame - middle), frame))
    return next((frame for frame in frames if frame not in damaged), middle)


def _scene(entry: dict[str, Any], shots: Sequence[Shot], frame_count: int) -> Scene:
    members = []
    for part in entry["shots"]:
        if "frames" in part:
            start, stop = (int(frame) for frame in part["frames"])
        else:
            (shot,) = select(shots, str(part["shot"]))
            start, stop = shot.start, shot.stop
        key = int(part.get("key", (start + stop) // 2))
        if not 0 <= start <= key < stop <= frame_count:
            raise ValueError(f"frames [{start}, {stop}) with key {key}, of a reel of {frame_count} frames")
        members.append(Member(Span(start, stop), key))
    return Scene(tuple(members), str(entry.get("note", "")))


def _check_apart(scenes: Sequence[Scene], shots: Iterable[Shot], where: str) -> None:
    for shot in shots:
        found = [number for number, scene in enumerate(scenes, start=1) if scene.holds(shot)]
        if len(found) > 1:
            raise UsageError(
                f"{where} has shot {shot.number} in scenes {found[0]} and {found[1]}: a shot is of one. "
                "Take it out of the other."
            )
