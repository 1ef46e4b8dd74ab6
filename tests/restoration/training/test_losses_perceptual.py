"""The perceptual loss: what it sees, and where its weights come from."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.training.losses_perceptual import PerceptualLoss, vgg16_file


def _vgg_file(folder: Path) -> Path:
    """Small random weights with the names and shapes of VGG16."""
    torch.manual_seed(0)
    channels, tensors = 3, {}
    for place, width in zip(
        (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24),
        (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512),
        strict=True,
    ):
        tensors[f"features.{place}.weight"] = (0.02 * torch.randn(width, channels, 3, 3)).half()
        tensors[f"features.{place}.bias"] = torch.zeros(width).half()
        channels = width
    save_file(tensors, folder / "vgg16.safetensors")
    return folder / "vgg16.safetensors"


def test_the_perceptual_loss_sees_what_differs(tmp_path: Path) -> None:
    loss = PerceptualLoss(_vgg_file(tmp_path))
    picture = torch.rand(1, 1, 32, 32)
    near, far = (picture + amount * torch.randn(1, 1, 32, 32) for amount in (0.01, 0.2))
    assert loss(picture, picture) == 0.0
    assert 0.0 < loss(near, picture) < loss(far, picture)
    assert [tuple(seen.shape[1:]) for seen in loss.features(picture)] == [
        *((64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)),
    ]
    far.requires_grad_()
    loss(far, picture).backward()
    assert far.grad is not None
    assert far.grad.any()
    assert not any(parameter.requires_grad for parameter in loss.parameters())


def test_weights_of_another_net_are_refused(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.zeros(64, 3, 11, 11)}, tmp_path / "alex.safetensors")
    with pytest.raises(
        ValueError, match=r"features.0.weight is \(64, 3, 11, 11\); VGG16's is \(64, 3, 3, 3\)"
    ):
        PerceptualLoss(tmp_path / "alex.safetensors")


def test_the_option_comes_before_the_environment(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    first.touch()
    second.touch()
    assert vgg16_file(first, {"REELFIX_VGG16": str(second)}) == first
    assert vgg16_file(None, {"REELFIX_VGG16": str(second)}) == second
    assert vgg16_file(None, {}) is None
    with pytest.raises(FileNotFoundError, match="REELFIX_VGG16"):
        vgg16_file(None, {"REELFIX_VGG16": str(tmp_path / "none")})
