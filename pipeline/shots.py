"""Shots: half-open ranges of frames between two cuts, and the list of them that a person may edit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from reelfix.pipeline.errors import UsageError

SettingsTree = Mapping[str, Mapping[str, Any]]
"""Stage name -> setting name -> value."""


TransitionKind = Literal["cut", "dissolve", "fade"]


@dataclass(frozen=True)
class Transition:
    """How one shot gives way to the next, over frames `[start, stop)` that show something of both.

    A cut has none: start and stop are the first frame of the new shot. A dissolve is cut in its middle, a
    fade where the picture is emptiest.
    """

    kind: TransitionKind
    start: int
    stop: int
    cut: int
    """First frame of the new shot."""


@dataclass(frozen=True)
class Shot:
    """Frames `[start, stop)` of a reel, with the settings that hold for them alone."""

    number: int
    """Place in the list, from 1: what people say; never part of a product's key."""
    start: int
    stop: int
    settings: SettingsTree = field(default_factory=dict)
    note: str = ""
    transition: Transition | None = None
    """The dissolve or the fade that the shot begins with; None for a cut."""

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return self.stop - self.start

    @property
    def name(self) -> str:
        """`shot-0003`."""
        return f"shot-{self.number:04d}"

    def __str__(self) -> str:
        return f"{self.name} [{self.start}, {self.stop})"


def renumber(shots: Sequence[Shot]) -> tuple[Shot, ...]:
    """Number the shots from 1 in the order given."""
    return tuple(replace(shot, number=number) for number, shot in enumerate(shots, start=1))


def check_shots(shots: Sequence[Shot], frame_count: int) -> None:
    """Assert that the shots cover `[0, frame_count)` without gap or overlap; raises UsageError."""
    expected = 0
    for shot in shots:
        if shot.start != expected:
            kind = "a gap" if shot.start > expected else "an overlap"
            raise UsageError(
                f"{shot} leaves {kind} at frame {expected}: every frame must belong to exactly one shot. "
                "Mend shots.json, or make it anew with `reelfix shots detect`."
            )
        if shot.stop <= shot.start:
            raise UsageError(f"{shot} is empty: start must be less than stop.")
        expected = shot.stop
    if expected != frame_count:
        raise UsageError(
            f"the shots end at frame {expected}, the reel at frame {frame_count}: "
            "the last shot must end with the reel."
        )


def select(shots: Sequence[Shot], wanted: str | None) -> tuple[Shot, ...]:
    """Pick shots by number: `"3,7-9"`; all of them for None. Raises UsageError for a shot there is not."""
    if wanted is None:
        return tuple(shots)
    numbers: set[int] = set()
    for part in wanted.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UsageError(f"{wanted!r} is not a list of shots; write it like 3,7-9.")
        numbers.update(range(int(first), int(last or first) + 1))
    known = {shot.number for shot in shots}
    if unknown := sorted(numbers - known):
        raise UsageError(f"there is no shot {unknown[0]}: the reel has shots 1 to {len(shots)}.")
    return tuple(shot for shot in shots if shot.number in numbers)


def shots_to_json(shots: Sequence[Shot]) -> dict[str, Any]:
    """Turn a shot list into the content of `shots.json`."""
    entries = []
    for shot in shots:
        entry: dict[str, Any] = {"shot": shot.number, "start": shot.start, "stop": shot.stop}
        if shot.settings:
            entry["settings"] = {stage: dict(values) for stage, values in shot.settings.items()}
        if shot.note:
            entry["note"] = shot.note
        if shot.transition:
            entry["transition"] = asdict(shot.transition)
        entries.append(entry)
    return {"version": 1, "shots": entries}


def shots_from_json(content: Any, *, where: str) -> tuple[Shot, ...]:
    """Read the content of `shots.json`; `where` names it in a UsageError. Numbers follow from the order."""
    try:
        return renumber(
            [
                Shot(
                    0,
                    int(entry["start"]),
                    int(entry["stop"]),
                    entry.get("settings", {}),
                    entry.get("note", ""),
                    _transition(entry.get("transition")),
                )
                for entry in content["shots"]
            ]
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{where} is not a shot list ({error!r}): each shot needs a start and a stop."
        ) from error


def _transition(entry: Any) -> Transition | None:
    if entry is None:
        return None
    if entry["kind"] not in get_args(TransitionKind):
        raise ValueError(f"a transition's kind is one of {get_args(TransitionKind)}, not {entry['kind']!r}")
    return Transition(entry["kind"], int(entry["start"]), int(entry["stop"]), int(entry["cut"]))
