"""The published nets: their layers, counts and sizes, any picture, weights written and read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.triplet.paper import PAINT, PaperNets, PaperShape, painted, save_paper
from reelfix.restoration.triplet.paper_mapping import RELEASED, RELEASED_BLIND, Mapping, MappingShape
from reelfix.restoration.triplet.paper_vae import Encoder, Generator, VaeShape, drawn

SMALL = PaperShape(VaeShape(latent=8, blocks=1), MappingShape(widths=(8, 16), fusion_blocks=1, blocks=1))


def _layers(net: nn.Module, *inputs: torch.Tensor) -> list[tuple[str, tuple[int, ...]]]:
    """Kind and size of every convolution's output, in the order of their running, on no data at all."""
    seen: list[tuple[str, tuple[int, ...]]] = []

    def note(module: nn.Module, _: Any, out: torch.Tensor) -> None:
        assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
        kind = "deconv" if isinstance(module, nn.ConvTranspose2d) else "conv"
        seen.append((f"{kind} {module.kernel_size[0]}/{module.stride[0]}", tuple(out.shape[1:])))

    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(note)
    net.eval()(*inputs)
    return seen


def _count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def _small(seed: int = 0) -> PaperNets:
    torch.manual_seed(seed)
    return PaperNets(SMALL).eval()


def _picture(height: int, width: int, channels: int = 3) -> torch.Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(4))


def test_the_autoencoder_is_the_published_one_layer_by_layer() -> None:
    with torch.device("meta"):
        encoder, generator = Encoder(VaeShape()), Generator(VaeShape())
        down = _layers(encoder, torch.zeros(1, 3, 256, 256))
        up = _layers(generator, torch.zeros(1, 64, 64, 64))
    stem = [("conv 7/1", (64, 256, 256)), ("conv 4/2", (64, 128, 128)), ("conv 4/2", (64, 64, 64))]
    assert down == [*stem, *[("conv 3/1", (64, 64, 64))] * 8]
    assert up[:8] == [("conv 3/1", (64, 64, 64))] * 8
    assert up[8:] == [
        ("deconv 4/2", (64, 128, 128)),
        ("deconv 4/2", (64, 256, 256)),
        ("conv 7/1", (3, 256, 256)),
    ]
    block = 2 * (64 * 64 * 9 + 64)
    halves = 2 * (64 * 64 * 16 + 64)
    assert _count(encoder) == (3 * 49 + 1) * 64 + halves + 4 * block
    assert _count(generator) == 4 * block + halves + (64 * 49 + 1) * 3


def test_the_mapping_is_the_published_one_layer_by_layer() -> None:
    torch.manual_seed(0)
    # A sixteenth of the widths, and every layer where the table has it.
    shape = MappingShape(widths=(4, 8, 16, 32))
    layers = _layers(Mapping(shape), torch.randn(1, 4, 16, 16), torch.eye(16, dtype=torch.bool)[None, None])
    assert [layer[1][0] for layer in layers] == [8, 16, 32, *[32] * 4, *[32] * 4, *[32] * 12, 16, 8, 4]
    assert [layer[0] for layer in layers[3:7]] == ["conv 1/1"] * 4
    assert {layer[0] for layer in layers[:3] + layers[7:]} == {"conv 3/1"}
    with torch.device("meta"):
        table, released, blind = (Mapping(shape) for shape in (MappingShape(), RELEASED, RELEASED_BLIND))
    middle, wide = 9 * 512 * 512 + 512, (512 + 1) * 512
    ways = sum(9 * a * b + b + 9 * b * a + a for a, b in ((64, 128), (128, 256), (256, 512)))
    assert _count(table) == ways + 4 * wide + 2 * (2 + 6) * middle
    assert _count(released) == ways + 2 * middle + 4 * wide + 2 * (3 + 6) * middle
    assert _count(blind) == ways + 2 * middle + 2 * 6 * middle


@pytest.mark.parametrize("size", [(1, 1), (7, 30), (33, 18), (64, 64)])
@torch.no_grad()
def test_any_size_comes_back_as_it_is(size: tuple[int, int]) -> None:
    nets = _small()
    picture = _picture(*size)
    out = nets(picture, (picture[:, :1] > 0.8).float())
    assert out.shape == picture.shape
    assert out.isfinite().all()
    assert 0.0 <= float(out.min()) <= float(out.max()) <= 1.0


@torch.no_grad()
def test_what_damage_hides_has_no_say() -> None:
    nets = _small()
    picture, mask = _picture(24, 24), torch.zeros(1, 1, 24, 24)
    mask[..., 8:14, 3:20] = 1.0
    other = torch.where(mask > 0, 0.3, picture)
    assert torch.equal(nets(picture, mask), nets(other, mask))
    assert painted(picture, mask)[..., 8:14, 3:20].eq(PAINT).all()
    assert not torch.equal(nets(picture, mask), nets(picture, mask * 0))


@torch.no_grad()
def test_without_the_nonlocal_block_or_damage_the_mapping_is_blind() -> None:
    nets = _small()
    latent = torch.randn(1, 8, 6, 6)
    damaged = torch.zeros(1, 1, 6, 6, dtype=torch.bool)
    clean = nets.mapping(latent, damaged)
    damaged[..., 2:4, 2:4] = True
    assert torch.equal(nets.mapping(latent, damaged, attend=False), clean)
    assert not torch.equal(nets.mapping(latent, damaged), clean)


def test_gradients_reach_every_weight() -> None:
    nets = _small().train()
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:8, 4:8] = 1.0
    nets(_picture(16, 16), mask).square().sum().backward()
    # The bias before an instance norm is taken out by it.
    assert all(
        p.grad is not None and p.grad.any() for n, p in nets.named_parameters() if n.endswith("weight")
    )


def test_draws_have_the_variance_asked_for() -> None:
    torch.manual_seed(0)
    latents = drawn(torch.full((1, 1, 100, 100), 3.0), torch.full((1, 1, 100, 100), 4.0).log())
    assert float(latents.mean()) == pytest.approx(3.0, abs=0.1)
    assert float(latents.std()) == pytest.approx(2.0, abs=0.1)
    encoder = Encoder(replace(VaeShape(latent=8, blocks=1), learned_variance=True))
    assert encoder.distribution(_picture(16, 16))[1].any()


@pytest.mark.parametrize("half", [False, True])
@torch.no_grad()
def test_weights_are_written_and_read(tmp_path: Path, half: bool) -> None:
    nets = _small(seed=3)
    save_paper(nets, tmp_path / "nets.safetensors", half=half)
    found = describe(str(tmp_path / "nets.safetensors"))
    again = found.build()
    assert isinstance(again, PaperNets)
    assert (found.channels, found.multiple, found.needs, again.shape) == (3, 4, ("mask",), SMALL)
    picture, mask = _picture(16, 20), torch.zeros(1, 1, 16, 20)
    assert torch.allclose(again(picture, mask), nets(picture, mask), atol=0.05 if half else 0.0)


def test_widths_that_do_not_meet_are_refused() -> None:
    with pytest.raises(ValueError, match="must begin with"):
        PaperNets(PaperShape(VaeShape(latent=8), MappingShape(widths=(16, 32))))
