"""Which reels a command is about."""

from pathlib import Path

import click
import pytest

from reelfix.bin.reels import find_reels


def test_reels_named_are_taken_once() -> None:
    """In their order, whatever is there."""
    assert find_reels(("b.reel", "a.reel/", "b.reel")) == ("b.reel", "a.reel")


def test_the_one_reel_here_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is named: the one here; none and several are refused, the several named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(click.UsageError, match=r"there is no \*.reel in"):
        find_reels(())
    (tmp_path / "one.reel").mkdir()
    assert find_reels(()) == ("one.reel",)
    (tmp_path / "two.reel").mkdir()
    with pytest.raises(click.UsageError, match=r"there are 2 here: one.reel, two.reel"):
        find_reels(())
