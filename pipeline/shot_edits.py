"""Edits of a shot list: pure functions from one list that covers the reel to another that does."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.shots import Shot, renumber, select


def split_shot(shots: Sequence[Shot], frame: int) -> tuple[Shot, ...]:
    """Begin a new shot at `frame`; both halves keep the settings and the note of the whole.

    Raises UsageError where a shot begins at `frame` already, or the reel has no such frame.
    """
    last = shots[-1].stop - 1
    for index, shot in enumerate(shots):
        if shot.start == frame:
            raise UsageError(f"{shot} begins at frame {frame} already: there is nothing to split.")
        if shot.start < frame < shot.stop:
            halves = [replace(shot, stop=frame), replace(shot, start=frame, transition=None)]
            return renumber([*shots[:index], *halves, *shots[index + 1 :]])
    raise UsageError(f"there is no frame {frame} to split at: the reel has frames 0 to {last}.")


def merge_shots(shots: Sequence[Shot], wanted: str) -> tuple[Shot, ...]:
    """Make one shot of the neighbours named (`"3-5"` or `"3,4"`); it keeps the first one's settings.

    Their notes are joined. Raises UsageError unless two or more neighbours are named.
    """
    chosen = select(shots, wanted)
    numbers = [shot.number for shot in chosen]
    if len(chosen) < 2:
        raise UsageError(f"{wanted!r} names one shot; name two or more neighbours, like 3-5 or 3,4.")
    if numbers != list(range(numbers[0], numbers[-1] + 1)):
        raise UsageError(
            f"shots {wanted} are not neighbours: only shots that follow each other can be merged."
        )
    notes = dict.fromkeys(shot.note for shot in chosen if shot.note)
    merged = replace(chosen[0], stop=chosen[-1].stop, note=" / ".join(notes))
    return renumber([*shots[: numbers[0] - 1], merged, *shots[numbers[-1] :]])


def settings_lost(shots: Sequence[Shot], wanted: str) -> tuple[Shot, ...]:
    """Return the shots whose own settings a merge would give up, since the first one's differ."""
    first, *others = select(shots, wanted)
    return tuple(shot for shot in others if shot.settings != first.settings and shot.settings)


def recut(shots: Sequence[Shot], ranges: Iterable[tuple[int, int, str]]) -> tuple[Shot, ...]:
    """Cut the reel anew into `(start, stop, name)`; settings and notes follow the picture.

    A new shot takes them from the old one that most of its frames were in; a new one that no old shot has
    half the frames of starts without. `name` becomes the note unless it is just the shot's number.
    """
    fresh = [Shot(0, start, stop, note=name) for start, stop, name in ranges]
    renewed = []
    for shot in renumber(fresh):
        heir = max(shots, key=lambda old: _shared(old, shot), default=None)
        settings = heir.settings if heir and 2 * _shared(heir, shot) > shot.frame_count else {}
        inherited = heir.note if heir and 2 * _shared(heir, shot) > shot.frame_count else ""
        note = inherited if shot.note in ("", shot.name) else shot.note
        renewed.append(replace(shot, settings=settings, note=note))
    return tuple(renewed)


def _shared(old: Shot, new: Shot) -> int:
    """Return the number of frames that both shots have."""
    return max(0, min(old.stop, new.stop) - max(old.start, new.start))
