import numpy as np
import pytest
import torch

from reelfix.restoration.metrics import flicker_left
from reelfix.restoration.metrics.warping import clean_motion, warping_error
from reelfix.restoration.metrics.weave import shifts_between


def _panning(frames: int = 5, step: int = 2) -> torch.Tensor:
    rows, columns = np.mgrid[:64, :120] / 5.0
    wide = 0.5 + 0.2 * np.sin(columns) * np.cos(rows) + 0.1 * np.sin(columns / 3 + rows)
    views = [wide[:, step * index : step * index + 96] for index in range(frames)]
    return torch.from_numpy(np.stack(views)[:, None].astype(np.float32))


def test_a_clip_that_moves_as_the_clean_one_has_no_warping_error() -> None:
    clean = _panning()
    motion = clean_motion(clean)
    assert motion.mean == pytest.approx(2.0, abs=0.3)
    assert warping_error(clean, motion) < 1e-4
    assert warping_error(0.8 * clean, motion) < 1e-4


def test_a_frame_that_is_brighter_is_a_warping_error_of_its_square() -> None:
    clean = _panning()
    brighter = clean.clone()
    brighter[2] += 0.1
    # Two of the four pairs differ by 0.1.
    assert warping_error(brighter, clean_motion(clean)) == pytest.approx(0.005, rel=0.05)


def test_warping_error_refuses_another_clips_motion() -> None:
    with pytest.raises(ValueError, match="one more than"):
        warping_error(_panning(4), clean_motion(_panning(5)))


def test_flicker_left_is_blind_to_what_moves() -> None:
    clean = _panning(24, step=1)
    assert flicker_left(clean, clean).local == 0
    gains = 1 + 0.04 * torch.randn(24, 1, 1, 1, generator=torch.Generator().manual_seed(2))
    assert flicker_left(clean * gains, clean).overall == pytest.approx(0.04, rel=0.3)


def test_shifts_are_measured_through_another_exposure() -> None:
    clean = _panning(3, step=0)
    moved = torch.roll(clean, (1, 2), (2, 3)) * 0.7 + 0.1
    shifts = shifts_between(moved[:, :, 6:-6, 6:-6], clean[:, :, 6:-6, 6:-6])
    assert np.allclose(shifts, [2.0, 1.0], atol=0.05)
    assert np.isnan(shifts_between(torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32))).all()
