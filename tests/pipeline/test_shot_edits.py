"""Edits keep the reel covered, and the settings with the picture they were made for."""

import pytest

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.shot_edits import merge_shots, recut, settings_lost, split_shot
from reelfix.pipeline.shots import Shot, check_shots

SOFT = {"restore": {"strength": 0.5}}
SHOTS = (Shot(1, 0, 10), Shot(2, 10, 30, SOFT, "the fire"), Shot(3, 30, 40))


def test_split_keeps_settings_in_both_halves() -> None:
    """The halves cover the whole, and both keep its settings and note."""
    cut = split_shot(SHOTS, 17)
    check_shots(cut, 40)
    assert cut[1:3] == (Shot(2, 10, 17, SOFT, "the fire"), Shot(3, 17, 30, SOFT, "the fire"))
    assert cut[3] == Shot(4, 30, 40)


@pytest.mark.parametrize(
    ("frame", "message"), [(10, "begins at frame 10 already"), (0, "begins at"), (40, "frames 0 to 39")]
)
def test_split_refuses_frames_that_are_no_place_for_a_cut(frame: int, message: str) -> None:
    """A shot's first frame, and a frame the reel has not."""
    with pytest.raises(UsageError, match=message):
        split_shot(SHOTS, frame)


def test_merge_keeps_the_first_ones_settings() -> None:
    """The merged shot spans the neighbours, with the first one's settings and all notes."""
    assert merge_shots(SHOTS, "2-3") == (Shot(1, 0, 10), Shot(2, 10, 40, SOFT, "the fire"))
    assert merge_shots(SHOTS, "1,2,3") == (Shot(1, 0, 40, note="the fire"),)
    assert settings_lost(SHOTS, "1-3") == (SHOTS[1],)
    assert settings_lost(SHOTS, "2-3") == ()


@pytest.mark.parametrize(
    ("wanted", "message"), [("1,3", "not neighbours"), ("2", "names one shot"), ("3-4", "no shot 4")]
)
def test_merge_refuses_what_is_not_neighbours(wanted: str, message: str) -> None:
    """Shots apart, one shot, a shot there is not."""
    with pytest.raises(UsageError, match=message):
        merge_shots(SHOTS, wanted)


def test_split_and_merge_undo_each_other() -> None:
    """Merging what was split gives the list back."""
    assert merge_shots(split_shot(SHOTS, 20), "2-3") == SHOTS


def test_recut_lets_settings_follow_the_picture() -> None:
    """Settings go where most of a new shot's frames were; names become notes, plain numbers do not."""
    cut = recut(SHOTS, [(0, 12, "shot-0001"), (12, 31, ""), (31, 36, "title"), (36, 40, "shot-0004")])
    check_shots(cut, 40)
    assert [shot.settings for shot in cut] == [{}, SOFT, {}, {}]
    assert [shot.note for shot in cut] == ["", "the fire", "title", ""]
    assert [shot.number for shot in cut] == [1, 2, 3, 4]
