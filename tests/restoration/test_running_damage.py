import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.running_damage import REACH, Seen, running_damage

HEIGHT, WIDTH, COUNT = 200, 260, 18
Clip = npt.NDArray[np.float32]


def texture(height: int, width: int, seed: int = 3) -> Clip:
    random = np.random.default_rng(seed)
    layers = [
        cv2.resize(
            random.random((height // k + 2, width // k + 2), np.float32), (width, height), None, 0, 0, 2
        )
        for k in (4, 8, 24)
    ]
    return np.asarray(np.clip(sum(layers) / 3, 0, 1) * 0.4 + 0.3, np.float32)


def panning(step: int) -> tuple[Clip, Motion]:
    """A texture that pans `step` pixels a frame, with light grain, and its true motion."""
    whole = texture(HEIGHT, WIDTH + COUNT * step)
    grain = np.random.default_rng(9).normal(0, 0.008, (COUNT, HEIGHT, WIDTH)).astype(np.float32)
    frames = np.stack([whole[:, t * step : t * step + WIDTH] for t in range(COUNT)]) + grain
    flow = torch.zeros((COUNT, 2, HEIGHT // 2, WIDTH // 2))
    flow[:, 0] = -step
    trust = torch.ones((COUNT, 1, HEIGHT // 2, WIDTH // 2))
    return frames, Motion(flow, -flow, trust, trust)


def with_line(
    frames: Clip, columns: npt.NDArray[np.float64], *, width: float = 1.5, dark: bool = False
) -> Clip:
    """Lay a soft line over each frame, at its column."""
    across = np.arange(WIDTH)[None] - columns[:, None]
    opacity = 0.5 * np.exp(-0.5 * (across * 2.355 / width) ** 2)[:, None]
    return np.asarray(frames * (1 - opacity) + opacity * (0.05 if dark else 0.95), np.float32)


def found(frames: Clip, motion: Motion, wanted: range, strength: float = 1.0) -> npt.NDArray[np.bool_]:
    repeats = [False] * (len(frames) - 1)
    return np.stack(running_damage(list(frames), repeats, motion, wanted, strength)) >= 128


def wandering() -> npt.NDArray[np.float64]:
    t = np.arange(COUNT)
    return np.asarray(120 + 4 * np.sin(1.1 * t) + 2 * np.sin(2.3 * t + 1))


def test_a_wandering_scratch_is_covered_and_nothing_else_is() -> None:
    frames, motion = panning(0)
    for dark in (False, True):
        columns = wandering()
        mask = found(with_line(frames, columns, dark=dark), motion, range(8, 10))
        for t, plane in zip((8, 9), mask, strict=True):
            x = round(columns[t])
            assert plane[:, x].mean() > 0.85
            assert plane.sum(axis=1).max() <= 8
            plane[:, x - 4 : x + 5] = False
            assert not plane.any()


def test_a_scratch_that_stays_while_the_scene_moves_is_found() -> None:
    frames, motion = panning(3)
    mask = found(with_line(frames, np.full(COUNT, 120.0)), motion, range(8, 9))
    assert mask[0, :, 120].mean() > 0.85


def test_a_faint_scratch_is_found() -> None:
    frames, motion = panning(0)
    plain = np.full_like(frames, 0.5) + np.random.default_rng(4).normal(0, 0.008, frames.shape)
    lined = with_line(plain.astype(np.float32), wandering())
    faint = (plain + (lined - plain) * 0.25).astype(np.float32)
    mask = found(faint, motion, range(8, 9))
    assert mask[0, :, round(wandering()[8])].mean() > 0.8


def test_poles_are_no_scratches() -> None:
    still, of_still = panning(0)
    moving, of_moving = panning(2)
    t = np.arange(COUNT)
    cases = (
        (still, of_still, np.full(COUNT, 120.0)),  # one of the scene
        (moving, of_moving, 140.0 - 2 * t),  # one that goes with it
        (moving, of_moving, 160.0 - 5 * t),  # one nearer to the camera
        (still, of_still, 80.0 + 3 * t),  # one that goes its own way
    )
    for frames, motion, columns in cases:
        assert found(with_line(frames, columns, width=3, dark=True), motion, range(8, 9)).mean() < 1e-3


def test_nothing_is_found_in_a_clean_pan() -> None:
    frames, motion = panning(2)
    assert found(frames, motion, range(8, 9)).mean() < 1e-3


def test_less_strength_finds_less() -> None:
    frames, motion = panning(0)
    assert not found(with_line(frames, wandering()), motion, range(8, 9), strength=0.1).any()


def test_what_is_found_depends_on_frames_within_reach_alone() -> None:
    frames, motion = panning(3)
    lined = with_line(frames, np.full(COUNT, 120.0))
    whole = found(lined, motion, range(9, 10))
    part = found(lined[1:], motion[1:], range(8, 9))
    assert REACH == 8
    assert np.array_equal(whole, part)


def test_too_small_a_picture_is_left() -> None:
    frames, motion = panning(0)
    small = frames[:, :30, :40]
    assert not found(small, motion, range(2)).any()


def test_what_was_seen_in_windows_before_changes_nothing() -> None:
    frames, motion = panning(3)
    lined = with_line(frames, np.full(COUNT, 120.0))
    repeats = [False] * (COUNT - 1)
    whole = running_damage(list(lined), repeats, motion, range(COUNT), 1.0)
    seen, planes = Seen(), []
    for start in range(0, COUNT, 6):
        first, last = max(start - REACH, 0), min(start + 6 + REACH, COUNT)
        part, wanted = slice(first, last), range(start - first, start - first + 6)
        planes += running_damage(
            list(lined[part]), repeats[first : last - 1], motion[part], wanted, 1.0, first=first, seen=seen
        )
    assert np.stack(whole).any()
    assert np.array_equal(np.stack(whole), np.stack(planes))
    assert min(seen.strips) == COUNT - 6 - REACH
