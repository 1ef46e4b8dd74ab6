"""Masks drawn by a person: named, checked, keyed, and laid over what `detect` finds."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from reelfix.pipeline.errors import ReelError, UsageError
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.user_masks import (
    UserMaskFrames,
    add_masks,
    drop_mask,
    masks_key,
    user_masks_of,
)

MakeReel = Callable[..., Reel]
SERIAL = ExecutorOptions(scheduler="serial")


def png(path: Path, values: np.ndarray) -> Path:  # type: ignore[type-arg]
    path.write_bytes(cv2.imencode(".png", values)[1].tobytes())
    return path


@pytest.fixture
def spot(tmp_path: Path) -> Path:
    values = np.zeros((32, 40), np.uint8)
    values[10:14, 20:26] = 255
    return png(tmp_path / "spot.png", values)


def test_names_say_plane_and_frames(make_tiny_reel: MakeReel, spot: Path) -> None:
    reel = make_tiny_reel()
    folder = Path(str(reel.root)) / "masks"
    folder.mkdir()
    names = ("add.3.png", "add.dirt.2-4.hat.png", "add.scratch.5.png", "notes.txt", "protect.0-19.png")
    for name in names:
        (folder / name).write_bytes(spot.read_bytes())
    found = [(mask.plane, mask.start, mask.stop) for mask in user_masks_of(reel)]
    assert found == [("dirt", 3, 4), ("dirt", 2, 5), ("scratch", 5, 6), ("protect", 0, 20)]


@pytest.mark.parametrize("name", ["hat.png", "add.12-.png", "add.grain.3.png", "add.20.png", "add.5-4.png"])
def test_a_name_that_says_nothing_is_refused(make_tiny_reel: MakeReel, spot: Path, name: str) -> None:
    reel = make_tiny_reel()
    folder = Path(str(reel.root)) / "masks"
    folder.mkdir()
    (folder / name).write_bytes(spot.read_bytes())
    with pytest.raises(UsageError, match=name):
        plan_of(reel)


def test_only_the_shot_meant_runs_again(make_tiny_reel: MakeReel, spot: Path) -> None:
    """The drawn mark is mended, the protected place keeps its bits, and a dropped mask is as none."""
    reel = make_tiny_reel()
    _, second = reel.shots()
    request = RunRequest(stages=("detect", "restore"))
    assert len(run([reel], request, SERIAL).done) == 6
    plain = outcome_of(reel, second).after(10, 20)

    everything = png(spot.parent / "all.png", np.full((32, 40), 255, np.uint8))
    add_masks(reel, "protect", 10, 20, [everything])
    add_masks(reel, "dirt", 12, 14, [spot])
    again = run([reel], request, SERIAL).done
    assert sorted((job.task.stage, job.task.shot.number) for job in again) == [("detect", 2), ("restore", 2)]
    outcome = outcome_of(reel, second)
    mask = outcome.mask(10, 20)
    assert mask is not None
    assert (mask >= 128)[:, 0].sum(axis=(1, 2)).tolist() == [0, 0, 24, 24, 0, 0, 0, 0, 0, 0]
    changed = (outcome.after(10, 20) != outcome.before(10, 20))[:, 0]
    assert changed[2, 10:14, 20:26].any()
    changed[:, 10:14, 20:26] = False
    assert not changed.any()

    for name in [entry.name for entry in user_masks_of(reel)]:
        drop_mask(reel, name)
    assert run([reel], request, SERIAL).done == ()
    assert np.array_equal(outcome_of(reel, second).after(10, 20), plain)


def test_a_key_tells_what_is_said_of_a_shot(make_tiny_reel: MakeReel, spot: Path) -> None:
    reel = make_tiny_reel()
    first, second = reel.shots()
    assert masks_key(user_masks_of(reel), first) == ""
    add_masks(reel, "dirt", 8, 12, [spot])
    both = [masks_key(user_masks_of(reel), shot) for shot in (first, second)]
    assert len({*both, ""}) == 3
    add_masks(reel, "dirt", 12, 13, [spot])
    after = [masks_key(user_masks_of(reel), shot) for shot in (first, second)]
    assert after[0] == both[0]
    assert after[1] != both[1]


def test_frames_are_read_as_drawn(make_tiny_reel: MakeReel, tmp_path: Path, spot: Path) -> None:
    reel = make_tiny_reel()
    _, second = reel.shots()
    pictures = []
    for number in range(3):
        values = np.zeros((32, 40, 4), np.uint16)
        values[number, :, :3] = 65535
        values[..., 3] = 65535
        values[number, 0, 3] = 0  # transparent: not meant
        pictures.append(png(tmp_path / f"{number}.png", values))
    add_masks(reel, "scratch", 9, 12, pictures)
    key = masks_key(user_masks_of(reel), second)
    read = UserMaskFrames(reel, second, key).read(0, 4)["user_mask"]
    assert read.shape == (4, 3, 32, 40)
    assert not read[:, [0, 2]].any()
    assert [np.flatnonzero(frame[1].any(axis=1)).tolist() for frame in read] == [[1], [2], [], []]
    assert read[0, 1, 1].tolist() == [0] + [255] * 39


def test_a_picture_changed_meanwhile_stops_the_task(make_tiny_reel: MakeReel, spot: Path) -> None:
    reel = make_tiny_reel()
    first, _ = reel.shots()
    (mask,) = add_masks(reel, "dirt", 0, 3, [spot])
    key = masks_key(user_masks_of(reel), first)
    reader = UserMaskFrames(reel, first, key)
    png(Path(str(mask.path)), np.zeros((32, 40), np.uint8))
    with pytest.raises(ReelError, match="changed meanwhile"):
        reader.read(0, 5)
    with pytest.raises(ReelError, match="changed meanwhile"):
        UserMaskFrames(reel, first, key)


def test_wrong_pictures_are_refused_and_nothing_is_kept(make_tiny_reel: MakeReel, tmp_path: Path) -> None:
    reel = make_tiny_reel()
    small = png(tmp_path / "small.png", np.zeros((16, 20), np.uint8))
    text = tmp_path / "text.png"
    text.write_text("no picture")
    cases = (([small], "is 20x16"), ([text], "not a PNG"), ([small] * 2, "2 pictures for 3 frames"))
    for pictures, message in cases:
        with pytest.raises(UsageError, match=message):
            add_masks(reel, "dirt", 0, 3, pictures)
    with pytest.raises(UsageError, match="frames 18-20 are not"):
        add_masks(reel, "dirt", 18, 21, [small])
    assert user_masks_of(reel) == ()
