"""Measures of colour, against values that are known."""

import math

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from reelfix.restoration.metrics.chroma_warping import chroma_step_error
from reelfix.restoration.metrics.colorfulness import colorfulness
from reelfix.restoration.metrics.colour_consistency import ColourConsistency, divergence
from reelfix.restoration.metrics.colour_error import ColourError, colour_classes, lab_squares, near_edges
from reelfix.restoration.metrics.warping import motion_step


def _plane(a: float, b: float, size: tuple[int, int] = (8, 10)) -> torch.Tensor:
    return torch.tensor([a, b])[:, None, None].expand(-1, *size).clone()


def test_distances_are_euclidean_and_mean_over_all_frames() -> None:
    error = ColourError()
    error.add(_plane(3, 4), _plane(0, 0))
    error.add(_plane(30, 40), _plane(0, 0))
    assert error.mean == pytest.approx((5 + 50) / 2)
    assert error.near == 0.5
    assert error.auc == pytest.approx(((150 - 5) / 150 + (150 - 50) / 150) / 2)


def test_area_under_the_curve_is_the_sweep_of_thresholds() -> None:
    random = torch.Generator().manual_seed(1)
    ab, truth = (80 * torch.randn(2, 20, 30, generator=random) for _ in range(2))
    error = ColourError()
    error.add(ab, truth)
    distances = (ab - truth).norm(dim=0)
    sweep = np.mean(
        [float((distances <= limit).double().mean()) for limit in np.arange(0, 150, 0.25) + 0.125]
    )
    assert error.auc == pytest.approx(sweep, abs=1e-4)


def test_every_colour_counts_once_however_large() -> None:
    truth, ab = _plane(0, 0, (10, 10)), _plane(0, 0, (10, 10))
    truth[:, 0, :5] = torch.tensor([40.0, 30.0])[:, None]  # 5 of 100 pixels are 50 from gray
    error = ColourError()
    error.add(ab, truth)
    assert error.mean == pytest.approx(2.5)
    assert error.balanced == pytest.approx(25.0)


def test_a_stray_pixel_is_no_colour_of_the_picture() -> None:
    truth = _plane(0, 0, (50, 50))
    truth[:, 3, 3] = 80
    error = ColourError()
    error.add(_plane(0, 0, (50, 50)), truth)
    assert error.balanced == 0.0


def test_colour_classes_are_cells_about_multiples_of_ten() -> None:
    ab = torch.tensor([[[-4.9, 4.9, 5.1, 500.0]], [[0.0, 0.0, 0.0, 0.0]]])
    cells = colour_classes(ab)[0]
    assert cells[0] == cells[1] == 13 * 27 + 13
    assert list(cells[1:] - cells[0]) == [0, 27, 13 * 27]


def test_nothing_measured_is_not_a_number_and_sizes_must_agree() -> None:
    assert all(
        math.isnan(value) for value in (ColourError().mean, ColourError().balanced, ColourError().at_edges)
    )
    with pytest.raises(ValueError, match="must equal"):
        ColourError().add(_plane(0, 0), _plane(0, 0, (8, 11)))


def test_errors_at_edges_are_those_within_three_pixels() -> None:
    luma = np.full((20, 40), 0.2, np.float32)
    luma[:, 20:] = 0.8
    edges = near_edges(luma)
    columns = edges.all(axis=0)
    assert list(np.flatnonzero(columns)) == list(
        range(int(columns.argmax()), int(columns.argmax()) + columns.sum())
    )
    assert columns[17:23].all()
    assert not edges[:, :12].any()
    assert not edges[:, 28:].any()
    assert not near_edges(np.full((20, 40), 0.5, np.float32)).any()
    ab, truth = _plane(0, 0, (20, 40)), _plane(0, 0, (20, 40))
    ab[0, :, 20] = 7
    error = ColourError()
    error.add(ab, truth, edges)
    assert error.at_edges == pytest.approx(7 / columns.sum())
    assert error.at_edges > error.mean


def test_lab_is_measured_at_the_scale_of_eight_bit_lab() -> None:
    lab, truth = torch.zeros(3, 4, 4), torch.zeros(3, 4, 4)
    lab[0] = 10
    lab[1] = 25.5
    squares = lab_squares(lab, truth)
    assert squares.mean(dim=(1, 2)).tolist() == pytest.approx([0.01, 0.01, 0])


def test_colorfulness_of_known_pictures() -> None:
    assert colorfulness(torch.full((3, 5, 5), 0.4)) == pytest.approx(0, abs=1e-9)
    red = torch.zeros(3, 4, 4)
    red[0] = 1
    assert colorfulness(red) == pytest.approx(0.3 * math.hypot(255, 127.5))
    half = red.clone()
    half[:, :2] = 0  # rg is 0 or 255, yb 0 or 127.5: deviations 127.5 and 63.75, means the same
    assert colorfulness(half) == pytest.approx(1.3 * math.hypot(127.5, 63.75))
    with pytest.raises(ValueError, match="must be"):
        colorfulness(torch.zeros(1, 4, 4))


def test_divergence_is_scipys_squared_and_at_most_log_two() -> None:
    first, second = np.random.default_rng(2).dirichlet(np.ones(256), 2)
    assert divergence(first, second) == pytest.approx(jensenshannon(first, second) ** 2)
    assert divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(math.log(2))


def test_colours_that_stay_have_no_inconsistency_and_those_that_alternate_the_greatest() -> None:
    pictures = [torch.full((3, 4, 4), value) for value in (0.2, 0.6)]
    steady, wild = ColourConsistency(), ColourConsistency()
    for t in range(9):
        steady.add(pictures[0])
        wild.add(pictures[t % 2])
    assert steady.value == 0
    assert wild.value == pytest.approx(math.log(2) / 3)  # 1 apart all differ; 2 and 4 apart none
    assert math.isnan(ColourConsistency().value)


def test_one_channel_of_three_is_a_third() -> None:
    clip = ColourConsistency()
    for value in (0.2, 0.6):
        picture = torch.full((3, 4, 4), 0.2)
        picture[1] = value
        clip.add(picture)
    assert clip.value == pytest.approx(math.log(2) / 3)


def _textured(size: tuple[int, int]) -> np.ndarray:
    soft = cv2.GaussianBlur(np.random.default_rng(5).random(size, np.float32), (0, 0), 2.0)
    return (soft - soft.min()) / np.ptp(soft)


def test_colour_that_moves_with_the_picture_is_steady() -> None:
    luma = _textured((64, 96))
    step = motion_step(luma, np.roll(luma, 3, axis=1))
    here = torch.from_numpy(np.stack([60 * _textured((64, 96)), -20 * luma]))
    moving, staying = torch.roll(here, 3, dims=2), here
    assert chroma_step_error(here, moving, step) < 0.1 * chroma_step_error(here, staying, step)
    assert chroma_step_error(here, torch.roll(here + 5, 3, dims=2), step) == pytest.approx(50, rel=0.1)
    with pytest.raises(ValueError, match="must equal"):
        chroma_step_error(here, here[:, 1:], step)
