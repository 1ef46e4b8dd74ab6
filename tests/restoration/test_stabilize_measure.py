"""The picture's motion is measured to a few hundredths, whatever flickers, moves in it or surrounds it."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from reelfix.restoration.stabilize_measure import FrameStep, measure_steps, prepare_frame
from reelfix.restoration.stabilize_track import Tracker, steps_of

Picture = npt.NDArray[np.float32]
HEIGHT, WIDTH = 120, 160


def ground(seed: int = 0) -> Picture:
    """A large textured picture, twice the size of a frame's, and room about it."""
    noise = np.random.default_rng(seed).random((2 * HEIGHT + 80, 2 * WIDTH + 80), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4) + 0.7 * cv2.GaussianBlur(noise, (0, 0), 12)
    return np.asarray(0.15 + 0.6 * (soft - soft.min()) / np.ptp(soft), dtype=np.float32)


def view(picture: Picture, x: float, y: float) -> Picture:
    """A frame of the ground, its content moved x, y pixels right and down; reduced from twice the size."""
    matrix = np.array([[1, 0, 2 * x - 40], [0, 1, 2 * y - 40]], np.float64)
    large = cv2.warpAffine(picture, matrix, (2 * WIDTH, 2 * HEIGHT), flags=cv2.INTER_CUBIC)
    return np.asarray(cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))


def step(first: Picture, later: Picture) -> FrameStep:
    return measure_steps(prepare_frame(first), prepare_frame(later))[0]


def assert_shift(found: FrameStep, x: float, y: float, within: float) -> None:
    assert found.confidence > 0.9
    np.testing.assert_allclose(found.shift, (x, y), atol=within)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.37, -0.81), (4.6, 2.3), (-11.5, 7.25)])
def test_shifts(shift: tuple[float, float]) -> None:
    picture = ground()
    assert_shift(step(view(picture, 0, 0), view(picture, *shift)), *shift, within=0.04)


def test_flicker_dirt_and_grain() -> None:
    """A quarter darker and unevenly so, two dozen blotches, grain: the shift is the same."""
    random = np.random.default_rng(3)
    first, later = (view(ground(), x, 0) for x in (0, 0.6))
    later = later * 0.75 * np.linspace(0.85, 1.15, WIDTH, dtype=np.float32)
    for frame in (first, later):
        for _ in range(24):
            centre = (int(random.integers(WIDTH)), int(random.integers(HEIGHT)))
            cv2.circle(frame, centre, 3, float(random.choice([0.0, 1.0])), -1)
        frame += 0.01 * random.standard_normal(frame.shape, dtype=np.float32)
    assert_shift(step(first, later), 0.6, 0.0, within=0.12)


def test_a_crowd_is_outvoted() -> None:
    """A third of the frame moves otherwise."""
    frames = []
    for x, other in ((0.0, 0.0), (0.5, 4.0)):
        frame = view(ground(), x, 0)
        frame[40:, 20:110] = view(ground(seed=9), other, 0)[40:, 20:110]
        frames.append(frame)
    assert_shift(step(*frames), 0.5, 0.0, within=0.08)


def test_the_gate_is_outvoted() -> None:
    """A black border stays where it is while the picture within it moves."""
    frames = [view(ground(), x, x) for x in (0.0, 1.4)]
    for frame in frames:
        frame[:10] = frame[-10:] = 0.01
        frame[:, :18] = frame[:, -18:] = 0.01
    assert_shift(step(*frames), 1.4, 1.4, within=0.08)


def test_turns_and_magnification() -> None:
    picture = view(ground(), 0, 0)
    angle, scale = 0.012, 0.008
    turn = np.exp(scale) * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    matrix = np.column_stack([turn, centre - turn @ centre])
    found = step(picture, cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC))
    assert_shift(found, 0.0, 0.0, within=0.05)
    assert found.angle == pytest.approx(angle, abs=0.002)
    assert found.scale == pytest.approx(scale, abs=0.002)


def test_what_cannot_be_measured_has_no_confidence() -> None:
    empty = np.full((HEIGHT, WIDTH), 0.3, np.float32)
    assert step(empty, empty).confidence == 0
    assert step(view(ground(), 0, 0), view(ground(seed=5), 0, 0)).confidence < 0.3
    assert step(np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)).confidence == 0


def test_windows_give_the_same_track() -> None:
    """Frame by frame or all at once, with what is kept from the window before."""
    clip = torch.from_numpy(np.stack([view(ground(), 0.7 * t, 0) for t in range(14)]))[:, None]
    whole = Tracker().track(clip, 0, slice(None))
    tracker = Tracker()
    parts = []
    for t in range(0, 14, 3):
        stop = min(t + 3, 14)
        window = clip[max(t - 8, 0) : stop + 8]
        lead = t - max(t - 8, 0)
        parts.append(tracker.track(window, max(t - 8, 0), slice(lead, lead + stop - t)))
    assert torch.equal(torch.cat(parts), whole)
    np.testing.assert_allclose(whole[:6, 1, 0, 0] * WIDTH, 5.6, atol=0.05)
    assert not bool(whole[13, 0].any())
    assert not bool(whole[6:, 1].any())


def test_colour_is_measured_on_luma() -> None:
    clip: Any = torch.from_numpy(np.stack([view(ground(), 0.7 * t, 0) for t in range(2)]))[:, None]
    colour = clip.repeat(1, 3, 1, 1)
    np.testing.assert_allclose(Tracker().track(colour, 0, slice(None))[0, 0, 0, 0] * WIDTH, 0.7, atol=0.04)


def test_a_train_that_comes_to_fill_the_frame_is_not_followed() -> None:
    """The ground, of which a third can be seen in the end, is what the path is made of."""
    frames = []
    for time in range(24):
        frame = view(ground(), 0.3 * (time % 2), 0)
        left = max(WIDTH - 12 * time, 0)
        train = view(ground(seed=9), 0.3 * (time % 2), 0)
        train = np.roll(train, -3 * time, axis=1)
        frame[40:, left:] = train[40:, left:]
        frames.append(frame)
    track = Tracker().track(torch.from_numpy(np.stack(frames))[:, None], 0, slice(None))
    filled = track[16:23, 0, 0, 0] * WIDTH
    assert float(filled.max()) < -2
    short, long = steps_of(track)
    expected = 0.3 * np.where(np.arange(23) % 2, -1, 1)
    np.testing.assert_allclose(short.motion[:23, 0] * WIDTH, expected, atol=0.15)
    np.testing.assert_allclose(long.motion[:16][long.confidence[:16] > 0, 0], 0, atol=0.15 / WIDTH)
