"""Frames of films for training: the right ones, at the right levels, made once."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from reelfix.bin.benchmarks.material import make_reel
from reelfix.io.clip_file import encode_clip
from reelfix.io.errors import SourceError
from reelfix.io.pixel_format import PixelFormat
from reelfix.pipeline.training_frames import frames_array


def numbered(count=20, height=8, width=12):
    """Frames whose level tells their number: 10 t."""
    return np.broadcast_to(
        10 * np.arange(count, dtype=np.uint8)[:, None, None], (count, height, width)
    ).copy()


def test_a_video_gives_frames_spread_over_it(tmp_path):
    path = tmp_path / "film.mkv"
    path.write_bytes(encode_clip({"gray": numbered()}, PixelFormat.parse("gray"), Fraction(18)))
    array = np.load(frames_array(path, tmp_path / "cache", count=5, channels=1))
    assert array.dtype == np.uint8
    assert array.shape == (5, 8, 12)
    assert array[:, 0, 0].tolist() == [0, 40, 80, 120, 160]


def test_gray_of_a_colour_video_is_its_luma(tmp_path):
    path = tmp_path / "film.mkv"
    planes = {
        "y": numbered(4),
        "u": np.full((4, 8, 12), 90, np.uint8),
        "v": np.full((4, 8, 12), 160, np.uint8),
    }
    path.write_bytes(encode_clip(planes, PixelFormat.parse("yuv444p"), Fraction(18)))
    gray = np.load(frames_array(path, tmp_path / "cache", count=9, channels=1))
    assert gray[:, 3, 3].tolist() == [0, 10, 20, 30]
    colour = np.load(frames_array(path, tmp_path / "cache", count=9, channels=3))
    assert colour.shape == (4, 8, 12, 3)
    red, _, blue = colour[3, 3, 3].astype(int)
    assert red > 30 > blue


def test_a_reel_gives_its_first_its_last_and_those_between(tmp_path):
    reel = make_reel(tmp_path / "tiny.reel", frames=20, shots=2, height=32, width=40)
    array = np.load(frames_array(tmp_path / "tiny.reel", tmp_path / "cache", count=3, channels=1))
    stored = reel.store().read(0, 20)[reel.info.video.pixel_format.planes[0]]
    scale = 255 / reel.info.video.pixel_format.peak
    expected = np.rint(stored[[0, 10, 19]].astype(np.float64) * scale)
    assert np.abs(array.astype(int) - expected).max() <= 1


def test_a_picture_is_an_array_of_one_frame_and_is_made_once(tmp_path):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.full((6, 4, 3), (10, 20, 200), np.uint8))
    made = frames_array(path, tmp_path / "cache", count=3, channels=3)
    assert np.load(made)[0, 0, 0].tolist() == [200, 20, 10]
    before = made.stat().st_mtime_ns
    assert frames_array(path, tmp_path / "cache", count=3, channels=3) == made
    assert made.stat().st_mtime_ns == before
    cv2.imwrite(str(path), np.full((5, 4, 3), 7, np.uint8))
    assert np.load(frames_array(path, tmp_path / "cache", count=3, channels=3)).shape == (1, 5, 4, 3)


def test_what_is_no_picture_is_refused_and_leaves_nothing(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(b"not a picture")
    with pytest.raises(SourceError, match=r"photo\.png cannot be read as a picture"):
        frames_array(path, tmp_path / "cache", count=3, channels=1)
    assert not list((tmp_path / "cache").glob("*.npy"))
