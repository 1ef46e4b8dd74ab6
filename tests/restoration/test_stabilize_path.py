"""Weave is told from the camera's motion; no jump at a shot's ends, or where nothing could be measured."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from reelfix.restoration.stabilize_path import Steps, picture_path, weave_of

UNIT = 1 / 640
Path = npt.NDArray[Any]


def steps_along(path: Path) -> list[Steps]:
    """Steps as measured without error along a path (T, 2) in pixels of a picture 640 wide."""
    found = []
    for span in (1, 8):
        motion = np.zeros((len(path), 4))
        confidence = np.zeros(len(path))
        motion[:-span, :2] = (path[span:] - path[:-span]) * UNIT
        confidence[:-span] = 1
        found.append(Steps(span, motion, confidence))
    return found


def weave_found(path: Path) -> Path:
    return np.asarray(weave_of(steps_along(path))[:, :2] / UNIT)


def weave(count: int, rms: float, seed: int = 0) -> Path:
    """Noise that remembers: (T, 2)."""
    random = np.random.default_rng(seed)
    values = np.zeros((count, 2))
    for t in range(1, count):
        values[t] = 0.6 * values[t - 1] + random.normal(0, 0.8, 2)
    return np.asarray(rms * (values - values.mean(axis=0)) / values.std(axis=0))


def pan(count: int) -> Path:
    """At rest, then 3 pixels a frame sideways, then at rest."""
    times = np.arange(count)
    speed = np.clip((times - 0.2 * count) / 8, 0, 1) * np.clip((0.75 * count - times) / 8, 0, 1)
    return np.stack([-np.cumsum(3 * speed), np.zeros(count)], axis=1)


@pytest.mark.parametrize("rms", [0.3, 3.0])
@pytest.mark.parametrize("count", [12, 100])
def test_a_still_camera_is_locked(rms: float, count: int) -> None:
    """All of the weave is found, slow and fast, to the last frames."""
    woven = weave(count, rms)
    left = weave_found(woven) - woven
    assert np.abs(left - left.mean(axis=0)).max() < 0.02


def test_a_pan_is_kept() -> None:
    """Without weave nothing is moved; with it, the picture neither jumps nor leaves the pan."""
    assert np.abs(weave_found(pan(120))).max() < 0.15
    woven = weave(120, 1.0)
    left = weave_found(pan(120) + woven) - woven
    assert np.diff(left, axis=0).std() < 0.2 * np.diff(woven, axis=0).std()
    assert np.abs(left - left.mean(axis=0)).max() < 2.5


def test_up_and_down_stays_locked_while_the_camera_pans() -> None:
    woven = weave(120, 1.0)
    left = (weave_found(pan(120) + woven) - woven)[:, 1]
    assert np.abs(left - left.mean()).max() < 0.02


def test_a_slow_pan_is_no_weave() -> None:
    """0.1 pixels a frame, which a still camera's band would hold for a while."""
    slow = np.stack([0.1 * np.arange(150), np.zeros(150)], axis=1)
    woven = weave(150, 0.5)
    left = weave_found(slow + woven) - woven
    assert np.abs(left - left.mean(axis=0)).max() < 0.6


def test_no_jump_at_the_ends() -> None:
    """The first and the last frames of a pan cut short lie on their neighbours' path."""
    woven = weave(60, 0.5)
    way = np.stack([4.0 * np.arange(60), np.zeros(60)], axis=1)
    camera = way + woven - weave_found(way + woven)
    speed = np.diff(camera[:, 0])
    assert np.abs(speed[:3] - 4).max() < 0.25
    assert np.abs(speed[-3:] - 4).max() < 0.25


def test_a_flash_is_bridged() -> None:
    """A frame that cannot be measured leaves the others where they are."""
    woven = weave(60, 1.0)
    steps = steps_along(woven)
    for step in steps:
        for t in (30, 30 - step.span):
            step.confidence[t] = 0
            step.motion[t] = 0.5
    left = np.delete(weave_of(steps)[:, :2] / UNIT - woven, 30, axis=0)
    fine = np.abs(left - np.median(left, axis=0))
    assert fine.max() < 0.3


def test_corrections_fade_where_nothing_is_known() -> None:
    """Twenty black frames in the middle: none is moved, and those beside them less and less."""
    woven = weave(120, 2.0)
    steps = steps_along(woven)
    for step in steps:
        step.confidence[50 - step.span : 70] = 0
    found = weave_of(steps)[:, :2] / UNIT
    assert not found[56:64].any()
    assert np.abs(np.diff(found, axis=0)).max() < np.abs(np.diff(woven, axis=0)).max() + 0.5
    assert np.corrcoef(found[:35, 0], woven[:35, 0])[0, 1] > 0.99


def test_a_wrong_step_is_outvoted() -> None:
    steps = steps_along(weave(40, 1.0))
    steps[0].motion[20, 0] += 6 * UNIT
    path, known = picture_path(steps)
    truth = weave(40, 1.0)
    error = path[:, :2] / UNIT - truth
    assert np.abs(error - np.median(error, axis=0)).max() < 0.3
    assert known.all()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_short_shots(count: int) -> None:
    found = weave_of(
        [Steps(1, np.zeros((count, 4)), np.zeros(count)), Steps(8, np.zeros((count, 4)), np.zeros(count))]
    )
    np.testing.assert_array_equal(found, np.zeros((count, 4)))
