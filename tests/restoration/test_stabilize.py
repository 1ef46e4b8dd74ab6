"""Frames are moved by parts of a pixel, keep what is sharp in them, and have the edges asked for."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from reelfix.restoration.stabilize import Correction, corrections_of, crop_zoom, move_frame, stabilize
from reelfix.restoration.stabilize_path import Steps


def texture(height: int, width: int, seed: int = 0) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).random((height, width), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.asarray(0.2 + 0.6 * (soft - soft.min()) / np.ptp(soft), dtype=np.float32)


def steps_along(path: npt.NDArray[Any], width: int) -> list[Steps]:
    """Steps as measured without error along a path (T, 2) in pixels."""
    found = []
    for span in (1, 8):
        motion = np.zeros((len(path), 4))
        confidence = np.zeros(len(path))
        motion[:-span, :2] = (path[span:] - path[:-span]) / width
        confidence[:-span] = 1
        found.append(Steps(span, motion, confidence))
    return found


def test_a_frame_is_moved_by_parts_of_a_pixel() -> None:
    """A wave moved by its own shift is the wave there, to a thousandth."""
    x = np.arange(80, dtype=np.float64)
    shift = 1.37
    wave, moved = (0.5 + 0.3 * np.sin((x + d)[None] / 2.1) + 0 * x[:, None] for d in (0, shift))
    result = move_frame(wave[None].astype(np.float32), Correction((shift, 0.0)), "mirror", 1.0)
    np.testing.assert_allclose(result[0, :, 10:-10], moved[:, 10:-10], atol=1e-3)


def test_grain_keeps_its_strength() -> None:
    grain = 0.5 + 0.1 * np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    moved = move_frame(grain[None], Correction((0.5, 0.0)), "mirror", 1.0)[0]
    assert moved[8:-8, 8:-8].std() > 0.92 * grain[8:-8, 8:-8].std()


def test_least_shifts_keep_the_bits() -> None:
    image = texture(20, 30)[None]
    assert move_frame(image, Correction((0.02, 0.02)), "mirror", 1.0) is image


def test_edges() -> None:
    """What is bare: mirrored about the last pixel, or the frame's own."""
    image = texture(24, 32)[None]
    mirrored = move_frame(image, Correction((3.0, 0.0)), "mirror", 1.0)
    np.testing.assert_allclose(mirrored[0, :, :29], image[0, :, 3:], atol=1e-6)
    np.testing.assert_allclose(mirrored[0, :, 29:], image[0, :, [30, 29, 28]].T, atol=1e-6)
    own = move_frame(image, Correction((3.0, 0.0)), "source", 1.0)
    np.testing.assert_array_equal(own[0, :, 29:], image[0, :, 29:])
    np.testing.assert_allclose(own[0, :, :29], image[0, :, 3:], atol=1e-6)


def test_crop_hides_every_edge() -> None:
    """With the zoom of the shot, what is shown never comes from beyond the frame."""
    height, width = 60, 80
    moves = [Correction((2.5, -1.0)), Correction((-3.0, 2.0)), Correction((0.0, 0.0))]
    zoom = crop_zoom(moves, height, width, None)
    assert 1.07 < zoom < 1.1
    inside = np.full((1, height, width), 0.5, np.float32)
    for move in moves:
        from_left = (width - 1) / 2 + move.shift[0] - (width - 1) / 2 / zoom
        from_top = (height - 1) / 2 + move.shift[1] - (height - 1) / 2 / zoom
        assert -1e-9 <= from_left <= 2 * 3.1
        assert -1e-9 <= from_top <= 2 * 3.1
        assert move_frame(inside, move, "crop", zoom).shape == inside.shape
    assert crop_zoom(moves[2:], height, width, None) == 1.0
    assert crop_zoom(moves, height, width, 0.05) == pytest.approx(1 / (1 - 2 * 0.05 * width / (height - 1)))


def test_a_turn_is_taken_back() -> None:
    """A picture turned and magnified about its centre comes back, but for its edges."""
    image = texture(70, 90)
    centre = (44.5, 34.5)
    angle, scale = 0.02, 0.01
    size, cosine, sine = np.exp(scale), np.cos(angle), np.sin(angle)
    turn = size * np.array([[cosine, -sine], [sine, cosine]])
    matrix = np.column_stack([turn, np.array(centre) - turn @ np.array(centre)])
    turned = cv2.warpAffine(image, matrix, (90, 70), flags=cv2.INTER_LANCZOS4)
    back = move_frame(turned[None], Correction((0.0, 0.0), angle, scale), "mirror", 1.0)[0]
    assert np.abs(back - image)[10:-10, 10:-10].max() < 0.02
    assert np.abs(turned - image)[10:-10, 10:-10].max() > 0.06


def test_strength_and_limit() -> None:
    weave = 2.0 * np.sin(np.arange(60) * 1.9)
    path = np.stack([weave, np.zeros(60)], axis=1)
    steps = steps_along(path, 320)
    whole = np.array([move.shift for move in corrections_of(steps, 320, limit=0.05)])
    half = np.array([move.shift for move in corrections_of(steps, 320, limit=0.05, strength=0.5)])
    np.testing.assert_allclose(whole[:, 0], weave - weave.mean(), atol=0.02)
    np.testing.assert_allclose(half, whole / 2, atol=1e-9)
    held = np.array([move.shift for move in corrections_of(steps, 320, limit=1 / 320)])
    assert 0.9 < np.abs(held).max() <= 1.0


def test_a_steady_shot_is_left_as_it_is() -> None:
    path = np.random.default_rng(0).normal(0, 0.015, (40, 2))
    moves = corrections_of(steps_along(path, 640), 640, limit=0.02)
    assert all(move.shift == (0.0, 0.0) for move in moves)
    frames = torch.rand((40, 1, 16, 20))
    assert torch.equal(stabilize(frames, moves), frames)


def test_a_frame_stored_twice_is_moved_alike_both_times() -> None:
    """A pan with weave, in which every fourth frame repeats the one before."""
    random = np.random.default_rng(3)
    path = np.cumsum(np.full((60, 2), 1.5), axis=0) + random.normal(0, 1, (60, 2))
    path[3::4] = path[2::4]
    shifts = [move.shift for move in corrections_of(steps_along(path, 640), 640, limit=0.02)]
    assert all(shifts[t] == shifts[t - 1] for t in range(3, 60, 4))
    assert len(set(shifts)) == 45


@pytest.mark.parametrize("edge", ["mirror", "source"])
def test_a_dark_line_at_the_edge_is_not_moved_into_the_picture(edge: Any) -> None:
    image = texture(24, 32)[None].copy()
    image[:, :, :2] = 0.0
    moved = move_frame(image, Correction((-3.4, 0.0)), edge, 1.0, rim=2)[0]
    assert moved[:, 2:].min() > 0.15
    turned = move_frame(image, Correction((-3.4, 0.0), angle=0.01), edge, 1.0, rim=2)[0]
    assert turned[:, 2:].min() > 0.1
    if edge == "source":
        assert (moved[:, :2] == 0).all()
