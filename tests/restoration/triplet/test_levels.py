import pytest
import torch

from reelfix.restoration.triplet.levels import levels_of, stretched


def _picture(black: float, white: float) -> torch.Tensor:
    """Tones evenly from black to white, with grain, (2, 64, 64); the second frame lighter by a tenth."""
    generator = torch.Generator().manual_seed(0)
    slope = torch.linspace(black, white, 64).expand(64, 64)
    grain = 0.05 * torch.randn((2, 64, 64), generator=generator)
    return torch.stack([slope, slope + 0.1]) + grain


def test_levels_are_those_of_the_tones_and_not_of_the_grain() -> None:
    levels = levels_of(_picture(0.2, 0.6))
    assert levels.shape == (2, 2)
    torch.testing.assert_close(levels[0], torch.tensor([0.2, 0.6]), atol=0.03, rtol=0)
    torch.testing.assert_close(levels[1] - levels[0], torch.tensor([0.1, 0.1]), atol=0.02, rtol=0)


def test_what_is_faded_comes_back_to_its_usual_levels() -> None:
    picture = _picture(0.25, 0.55)
    restored = stretched(picture[:1], levels_of(picture)[0])
    torch.testing.assert_close(levels_of(restored)[0], torch.tensor([0.14, 0.74]), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("black", "white", "gain"), [(0.0, 1.0, 1.0), (0.4, 0.42, 2.5)])
def test_the_gain_stays_within_reason(black: float, white: float, gain: float) -> None:
    picture = torch.linspace(black, white, 64 * 64).view(1, 64, 64)
    result = stretched(picture, levels_of(picture)[0])
    assert float(result.amax() - result.amin()) == pytest.approx(gain * (white - black), rel=1e-3)


def test_what_has_black_and_white_in_place_stays() -> None:
    picture = _picture(0.02, 0.95)[:1]
    torch.testing.assert_close(stretched(picture, levels_of(picture)[0]), picture)


def test_a_picture_of_one_line_has_levels() -> None:
    assert levels_of(torch.full((1, 1, 7), 0.5)).tolist() == [[0.5, 0.5]]
