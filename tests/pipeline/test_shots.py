"""What shots.json keeps of a shot."""

import pytest

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.shot_edits import split_shot
from reelfix.pipeline.shots import Shot, Transition, shots_from_json, shots_to_json

DISSOLVE = Transition("dissolve", 36, 52, 44)


def test_transitions_are_kept() -> None:
    shots = (Shot(1, 0, 44), Shot(2, 44, 90, {"restore": {"strength": 0.5}}, "the fire", DISSOLVE))
    content = shots_to_json(shots)
    assert content["shots"][1]["transition"] == {"kind": "dissolve", "start": 36, "stop": 52, "cut": 44}
    assert "transition" not in content["shots"][0]
    assert shots_from_json(content, where="here") == shots


def test_lists_without_transitions_are_read() -> None:
    old = {"version": 1, "shots": [{"shot": 1, "start": 0, "stop": 9, "note": "old"}]}
    assert shots_from_json(old, where="here") == (Shot(1, 0, 9, note="old"),)


@pytest.mark.parametrize("broken", [{"kind": "wipe", "start": 1, "stop": 2, "cut": 1}, {"kind": "fade"}])
def test_a_broken_transition_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="is not a shot list"):
        shots_from_json({"shots": [{"start": 0, "stop": 9, "transition": broken}]}, where="shots.json")


def test_a_split_is_a_cut() -> None:
    """The first half keeps what the shot began with, the second begins with a cut."""
    first, second = split_shot((Shot(1, 0, 90, transition=DISSOLVE),), 60)
    assert first.transition == DISSOLVE
    assert second.transition is None
