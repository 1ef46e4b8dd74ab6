from pathlib import Path

import pytest
import torch

from reelfix.restoration.metrics.perceptual import Lpips
from reelfix.restoration.metrics.similarity import ssim


def _clip() -> torch.Tensor:
    return torch.rand(2, 1, 32, 40, generator=torch.Generator().manual_seed(3))


def test_ssim_is_one_where_equal_and_falls_with_noise() -> None:
    clip = _clip()
    noise = torch.randn(clip.shape, generator=torch.Generator().manual_seed(4))
    assert ssim(clip, clip) == pytest.approx(1.0)
    little, much = ((clip + amount * noise).clamp(0, 1) for amount in (0.05, 0.3))
    assert 0 < ssim(much, clip) < ssim(little, clip) < 0.995


def test_ssim_of_flat_pictures_is_that_of_their_means() -> None:
    # Wang et al., eq. 13 with no variance: (2 a b + c1) / (a^2 + b^2 + c1), c1 = 0.01^2.
    a, b = torch.full((1, 1, 16, 16), 0.4), torch.full((1, 1, 16, 16), 0.6)
    assert ssim(a, b) == pytest.approx((2 * 0.24 + 1e-4) / (0.52 + 1e-4), abs=1e-5)


def test_ssim_refuses_shapes_that_differ() -> None:
    with pytest.raises(ValueError, match="must equal"):
        ssim(_clip(), _clip()[:1])


def test_lpips_names_the_weights_it_wants(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="AlexNet"):
        Lpips(tmp_path / "none.safetensors")
