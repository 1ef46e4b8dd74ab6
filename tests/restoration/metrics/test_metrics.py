import math

import pytest
import torch

from reelfix.restoration.metrics import MaskScore, flicker_energy, mask_score, psnr


def _textured(frames: int, channels: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    still = 0.2 + 0.5 * torch.rand(1, channels, 24, 32, generator=generator)
    return still.expand(frames, -1, -1, -1).clone()


def test_psnr_of_a_known_error() -> None:
    truth = torch.full((2, 1, 4, 4), 0.5)
    assert psnr(truth + 0.1, truth) == pytest.approx(20.0, abs=1e-4)
    assert psnr(truth, truth) == math.inf


def test_psnr_pools_frames_before_the_logarithm() -> None:
    truth = torch.zeros(2, 1, 4, 4)
    clip = truth.clone()
    clip[0] = 0.1
    assert psnr(clip, truth) == pytest.approx(-10 * math.log10(0.01 / 2), abs=1e-4)


def test_psnr_where_counts_only_those_pixels_of_every_channel() -> None:
    truth = torch.zeros(1, 3, 4, 4)
    clip = truth.clone()
    clip[0, :, 0, 0] = 1.0
    clip[0, :, 3, 3] = 0.01
    where = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    where[0, 0, 3, 3] = True
    assert psnr(clip, truth, where) == pytest.approx(40.0, abs=1e-4)
    assert math.isnan(psnr(clip, truth, torch.zeros_like(where)))


def test_psnr_refuses_shapes_that_differ() -> None:
    with pytest.raises(ValueError, match=r"must equal"):
        psnr(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 5))


def test_flicker_energy_is_the_deviation_of_free_jumps() -> None:
    frames = 400
    jumps = 0.05 * torch.randn(frames, generator=torch.Generator().manual_seed(1))
    clip = (_textured(1) * torch.exp(jumps)[:, None, None, None]).clamp(0, 1)
    measured = flicker_energy(clip)
    assert measured.overall == pytest.approx(0.05, rel=0.12)
    assert measured.local == pytest.approx(0.05, rel=0.12)


def test_flicker_energy_passes_over_a_steady_fade() -> None:
    fade = torch.exp(-0.02 * torch.arange(30.0))[:, None, None, None]
    steady = _textured(30)
    assert flicker_energy(steady).overall == 0
    # LOG_FLOOR bends the fade's logarithm by a little.
    assert flicker_energy(steady * fade).overall < 1e-4


def test_local_flicker_that_the_whole_picture_averages_out() -> None:
    clip = torch.full((20, 1, 24, 32), 0.4)
    clip[::2, :, :, :16] *= 1.1
    clip[1::2, :, :, 16:] *= 1.1
    measured = flicker_energy(clip, blocks=(2, 2))
    assert measured.overall < 1e-6
    assert measured.local > 0.05


def test_flicker_energy_of_two_frames_is_zero() -> None:
    assert flicker_energy(torch.rand(2, 3, 8, 8)).overall == 0


def test_mask_score_with_and_without_tolerance() -> None:
    truth = torch.zeros(1, 9, 9, dtype=torch.bool)
    truth[0, 4, 4] = True
    mask = torch.zeros_like(truth)
    mask[0, 5, 5] = True  # one off, on the diagonal
    mask[0, 0, 0] = True  # wrong
    assert mask_score(mask, truth, tolerance=0) == MaskScore(2, 0, 1, 0)
    within = mask_score(mask, truth, tolerance=1)
    assert within == MaskScore(2, 1, 1, 1)
    assert (within.precision, within.recall) == (0.5, 1.0)
    assert within.f1 == pytest.approx(2 / 3)


def test_tolerance_does_not_reach_into_other_frames() -> None:
    truth = torch.zeros(2, 5, 5, dtype=torch.bool)
    truth[0] = True
    mask = torch.zeros_like(truth)
    mask[1] = True
    assert mask_score(mask, truth, tolerance=2).f1 == 0


def test_mask_score_of_nothing() -> None:
    nothing = torch.zeros(1, 4, 4, dtype=torch.bool)
    assert mask_score(nothing, nothing).f1 == 1.0
    everything = ~nothing
    assert mask_score(nothing, everything).recall == 0.0
    assert mask_score(everything, nothing).precision == 0.0


def test_scores_add_up_pixel_by_pixel() -> None:
    assert MaskScore(1, 1, 2, 0) + MaskScore(3, 0, 0, 0) == MaskScore(4, 1, 2, 0)
