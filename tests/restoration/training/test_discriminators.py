"""Patch discriminators: their reach and sizes, and that they learn to tell."""

import torch

from reelfix.restoration.training.discriminators import MultiScaleDiscriminator, PatchDiscriminator
from reelfix.restoration.training.losses import answers_wrong


def test_patches_are_70_pixels_and_scales_halve() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        said = MultiScaleDiscriminator(3)(torch.rand(1, 3, 64, 64))
    assert [[tuple(layer.shape[1:]) for layer in scale] for scale in said] == [
        [(64, 33, 33), (128, 17, 17), (256, 9, 9), (512, 10, 10), (1, 11, 11)],
        [(64, 17, 17), (128, 9, 9), (256, 5, 5), (512, 6, 6), (1, 7, 7)],
    ]
    reach, step = 1, 1
    for layer in PatchDiscriminator(3).layers:
        reach, step = reach + (layer.kernel_size[0] - 1) * step, step * layer.stride[0]
    assert reach == 70


def test_spectral_norms_are_1() -> None:
    torch.manual_seed(0)
    net = PatchDiscriminator(2, width=4, strided=1, spectral=True)
    for _ in range(20):
        net(torch.rand(1, 2, 16, 16))
    norms = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2) for layer in net.layers]
    assert torch.allclose(torch.stack(norms), torch.ones(3), atol=0.05)


def test_a_discriminator_learns_to_tell() -> None:
    torch.manual_seed(0)
    net = MultiScaleDiscriminator(1, width=8, strided=2)
    optimizer = torch.optim.Adam(net.parameters(), 2e-3, (0.5, 0.999))
    for _ in range(12):
        smooth = torch.rand(4, 1, 1, 1).expand(4, 1, 32, 32)
        loss = answers_wrong(net(smooth), 1.0) + answers_wrong(net(torch.rand(4, 1, 32, 32)), 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 1.0
