import numpy as np
import pytest
import torch

from reelfix.restoration.colour.chroma import rgb_from_chroma
from reelfix.restoration.colour.tint import tint_of, with_tint, without_tint
from reelfix.restoration.damage.dyes import DyeFading, dyes_faded
from reelfix.restoration.damage.tint import TINTS, tinted


def gray_scene(count: int = 2) -> torch.Tensor:
    """Soft shapes of all tones, float32 (T, 3, 60, 80), R = G = B."""
    random = np.random.default_rng(5)
    coarse = torch.from_numpy(random.random((count, 1, 8, 10), np.float32))
    scene = torch.nn.functional.interpolate(coarse, (60, 80), mode="bicubic", align_corners=False)
    return (0.05 + 0.9 * scene).clamp(0, 1).expand(-1, 3, -1, -1).clone()


def colour_scene() -> torch.Tensor:
    random = np.random.default_rng(6)
    coarse = torch.from_numpy(random.random((2, 3, 8, 10), np.float32))
    return torch.nn.functional.interpolate(coarse, (60, 80), mode="bicubic", align_corners=False).clamp(0, 1)


def worn(frames: torch.Tensor) -> torch.Tensor:
    """With grain and dirt, black and white, at 8 bits."""
    random = np.random.default_rng(7)
    noise = torch.from_numpy(random.standard_normal((len(frames), 1, *frames.shape[2:])).astype(np.float32))
    worn = frames + 0.02 * noise
    worn[:, :, 10:13, 20:24], worn[:, :, 40:42, 5:70] = 0.02, 0.95
    return (worn.clamp(0, 1) * 255).round() / 255


@pytest.mark.parametrize("name", sorted(TINTS))
def test_every_tint_is_recognised_on_worn_film(name: str) -> None:
    found = tint_of(worn(tinted(TINTS[name], gray_scene())))
    assert found is not None
    assert found.explained > 0.95


@pytest.mark.parametrize(
    ("name", "kind"), [("amber", "tinted"), ("iron blue", "toned"), ("sepia", "tinted and toned")]
)
def test_tints_are_told_from_tones(name: str, kind: str) -> None:
    found = tint_of(tinted(TINTS[name], gray_scene()))
    assert found is not None
    assert found.name == kind


def test_natural_colours_are_no_tint() -> None:
    assert tint_of(colour_scene()) is None
    assert tint_of(dyes_faded(DyeFading(), colour_scene())) is None


def test_one_object_of_another_colour_is_enough() -> None:
    frames = tinted(TINTS["amber"], gray_scene())
    frames[:, :, 20:40, 30:50] = frames[:, :, 20:40, 30:50].flip(1)
    assert tint_of(frames) is None


def test_gray_is_no_tint() -> None:
    assert tint_of(gray_scene()) is None
    assert tint_of(worn(gray_scene())) is None


def test_a_tint_taken_off_and_put_back() -> None:
    frames = tinted(TINTS["copper"], gray_scene())
    found = tint_of(frames)
    assert found is not None
    neutral = without_tint(frames, found)
    assert torch.equal(neutral[:, 0], neutral[:, 1])
    assert torch.equal(neutral[:, 1], neutral[:, 2])
    luma = neutral[:, :1]
    torch.testing.assert_close(luma, 0.299 * frames[:, :1] + 0.587 * frames[:, 1:2] + 0.114 * frames[:, 2:])
    again = rgb_from_chroma(luma, with_tint(luma, found), 0.299, 0.114)
    torch.testing.assert_close(again, frames, atol=0.01, rtol=0)
    assert (neutral - frames).abs().max() > 0.05


def test_lightness_that_the_shot_has_not_takes_the_nearest_colour() -> None:
    dark = tinted(TINTS["sepia"], gray_scene() * 0.3)
    found = tint_of(dark)
    assert found is not None
    ab = found.at(torch.tensor([0.25, 1.0]).view(1, 1, 2))
    torch.testing.assert_close(ab[:, 0, 1], ab[:, 0, 0], atol=2.0, rtol=0)
