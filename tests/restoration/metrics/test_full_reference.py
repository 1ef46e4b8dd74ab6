from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.metrics.features import VggFeatures
from reelfix.restoration.metrics.gradients import gmsd
from reelfix.restoration.metrics.similarity import plane_ssim
from reelfix.restoration.metrics.structure_texture import Dists
from reelfix.restoration.metrics.vgg import Vgg16

_CONVOLUTIONS = {
    0: (3, 64),
    2: (64, 64),
    5: (64, 128),
    7: (128, 128),
    10: (128, 256),
    12: (256, 256),
    14: (256, 256),
    17: (256, 512),
    **dict.fromkeys((19, 21, 24, 26, 28), (512, 512)),
}


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of VGG16's shape, with sparse weights: one input channel for each output."""
    tensors = {}
    for number, (taken, made) in _CONVOLUTIONS.items():
        weight = torch.zeros(made, taken, 3, 3)
        weight[torch.arange(made), torch.arange(made) % taken, 1, 1] = 1.0
        tensors |= {f"features.{number}.weight": weight.half(), f"features.{number}.bias": torch.zeros(made)}
    path = tmp_path_factory.mktemp("weights") / "vgg.safetensors"
    save_file(tensors, path)
    return path


@pytest.fixture
def dists(vgg: Path, tmp_path: Path) -> Dists:
    weights = {name: torch.ones(1, 1475, 1, 1) for name in ("alpha", "beta")}
    torch.save(weights, tmp_path / "weights.pt")
    return Dists(vgg, tmp_path / "weights.pt")


def _picture(seed: int = 0, size: tuple[int, int] = (32, 40)) -> np.ndarray:
    return np.random.default_rng(seed).random(size, np.float32)


def test_ssim_is_scikit_images() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    first = _picture()
    second = (0.7 * first + 0.3 * _picture(1)).astype(np.float32)
    expected = metrics.structural_similarity(
        first, second, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert plane_ssim(first, second) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ValueError, match="11 x 11"):
        plane_ssim(first[:10], second[:10])


def test_gmsd_is_zero_where_equal_and_follows_its_equation() -> None:
    picture = _picture()
    assert gmsd(picture, picture) == 0
    # Steps of 0.5 seen against none: likeness c / (g^2 + c) where a gradient g is, and 1 elsewhere.
    flat, edge = np.zeros((32, 32), np.float32), np.zeros((32, 32), np.float32)
    edge[:, 16:] = 0.5
    constant = 170 / 255**2
    around = np.zeros((18, 18))  # halved, with the zeros that lie beyond the edge
    around[1:17, 9:17] = 0.5
    across = sum(around[row : row + 16, 2:] - around[row : row + 16, :16] for row in range(3)) / 3
    along = (
        sum(around[2:, column : column + 16] - around[:16, column : column + 16] for column in range(3)) / 3
    )
    likeness = constant / (across**2 + along**2 + constant)
    assert gmsd(edge, flat) == pytest.approx(likeness.std(), rel=1e-5)
    assert gmsd(picture, _picture(1)) > gmsd(picture, (picture + 0.05).clip(0, 1))


def test_dists_is_zero_where_equal_and_grows(dists: Dists) -> None:
    picture = torch.from_numpy(_picture())[None]
    noise = torch.from_numpy(_picture(1))[None]
    assert dists(picture, picture) == pytest.approx(0, abs=1e-6)
    little, much = (dists(picture + part * (noise - picture), picture) for part in (0.1, 0.5))
    assert 0 < little < much <= 1
    with pytest.raises(ValueError, match="must equal"):
        dists(picture, picture[:, :16])


def test_dists_asks_for_its_own_weights(vgg: Path, tmp_path: Path) -> None:
    torch.save({"alpha": torch.ones(1)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="alpha and beta"):
        Dists(vgg, tmp_path / "other.pt")


def test_vgg_halves_from_stage_to_stage_and_names_what_is_missing(vgg: Path, tmp_path: Path) -> None:
    picture = torch.rand(1, 1, 32, 48)
    shapes = [tuple(features.shape[1:]) for features in Vgg16(vgg)(picture)]
    assert shapes == [(64, 32, 48), (128, 16, 24), (256, 8, 12), (512, 4, 6), (512, 2, 3)]
    assert VggFeatures(vgg)(picture[0]).shape == (512,)
    save_file({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "part.safetensors")
    with pytest.raises(ValueError, match=r"features\.0\.bias"):
        Vgg16(tmp_path / "part.safetensors")
    with pytest.raises(FileNotFoundError, match="VGG16"):
        Vgg16(tmp_path / "none.safetensors")
