"""The part of a frame that is coloured."""

import numpy as np
import pytest

from reelfix.io.neutrality import coloured_part
from reelfix.io.pixel_format import PixelFormat


@pytest.mark.parametrize(("name", "peak"), [("yuv420p", 255), ("yuv422p10le", 1023), ("yuv444p16le", 65535)])
def test_chroma_about_its_middle(name: str, peak: int) -> None:
    pixel_format = PixelFormat.parse(name)
    neutral, allowed = (peak + 1) // 2, 3 * peak // 255
    planes = {plane: np.full((40, 50), neutral, pixel_format.dtype) for plane in "yuv"}
    planes["y"][:] = 7
    planes["u"][0, :10] = neutral + allowed
    planes["v"][1, :10] = neutral - allowed
    assert coloured_part(planes, pixel_format) == 0
    planes["u"][0, :10] += 1
    planes["v"][1, :16] = neutral - allowed - 1
    assert coloured_part(planes, pixel_format) == 16 / 2000


def test_red_and_blue_against_green() -> None:
    pixel_format = PixelFormat.parse("gbrp")
    ramp = np.tile(np.arange(250, dtype=np.uint8), (20, 1))
    planes = {"g": ramp, "b": ramp + 3, "r": ramp.copy()}
    assert coloured_part(planes, pixel_format) == 0
    planes["r"][:5] += 4
    assert coloured_part(planes, pixel_format) == 0.25


def test_gray_and_large_frames() -> None:
    assert coloured_part({"gray": np.full((4, 4), 9, np.uint8)}, PixelFormat.parse("gray")) == 0
    chroma = np.full((3000, 4), 128, np.uint8)
    chroma[np.random.default_rng(1).permutation(3000)[:300]] = 0
    planes = {"y": chroma, "u": chroma, "v": chroma}
    assert coloured_part(planes, PixelFormat.parse("yuv444p")) == pytest.approx(0.1, abs=0.06)
