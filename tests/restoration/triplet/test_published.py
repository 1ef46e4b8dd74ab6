"""The authors' weights: every tensor in its place, nothing but tensors unpickled, wrong files named."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reelfix.restoration.triplet import published
from reelfix.restoration.triplet.paper_mapping import RELEASED, RELEASED_BLIND, Mapping, MappingShape

TINY = MappingShape(widths=(4, 6, 8, 8), fusion_blocks=3, blocks=6)


class TheirBlock(nn.Module):
    """The authors' residual block, with their names."""

    def __init__(self, width: int) -> None:
        super().__init__()
        norm = nn.InstanceNorm2d(width)
        self.conv_block = nn.Sequential(
            *(nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), norm, nn.ReLU()),
            *(nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), norm),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = x + self.conv_block(x)
        return out


class TheirVae(nn.Module):
    """The authors' autoencoder with their settings (mc 64, k_size 4, start_r 1, three downsamplings)."""

    def __init__(self) -> None:
        super().__init__()
        blocks = [TheirBlock(64) for _ in range(8)]
        self.encoder = nn.Sequential(
            *(nn.ReflectionPad2d(3), nn.Conv2d(3, 64, 7), nn.InstanceNorm2d(64), nn.ReLU()),
            *(nn.Conv2d(64, 64, 4, 2, 1), nn.InstanceNorm2d(64), nn.ReLU()),
            *(nn.Conv2d(64, 64, 4, 2, 1), nn.InstanceNorm2d(64), nn.ReLU(), *blocks[:4]),
        )
        self.decoder = nn.Sequential(
            *blocks[4:],
            *(nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.InstanceNorm2d(64), nn.ReLU()),
            *(nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.InstanceNorm2d(64), nn.ReLU()),
            *(nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7), nn.Tanh()),
        )


class TheirNonlocal(nn.Module):
    """The authors' partial nonlocal block, their order of operations."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g, self.W, self.theta, self.phi = (nn.Conv2d(width, width, 1) for _ in range(4))
        self.res_block = nn.Sequential(*(TheirBlock(width) for _ in range(3)))

    def forward(self, x: torch.Tensor, sound: torch.Tensor) -> torch.Tensor:
        flat = (layer(x).flatten(2) for layer in (self.theta, self.phi, self.g))
        theta, phi, g = flat
        table = torch.softmax(theta.transpose(1, 2) @ phi, dim=2) * sound.flatten(2)
        y = (F.normalize(table, p=1, dim=2) @ g.transpose(1, 2)).transpose(1, 2).view_as(x)
        out: torch.Tensor = sound * x + (1 - sound) * self.res_block(self.W(y))
        return out


def _convolutions(widths: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Conv2d(a, b, 3, 1, 1), nn.InstanceNorm2d(b), nn.ReLU()]
    return layers


class TheirMapping(nn.Module):
    """The authors' mapping for scratched pictures, of any widths."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        back = list(reversed(widths))
        self.before_NL = nn.Sequential(*_convolutions(list(widths)))
        self.NL = TheirNonlocal(widths[-1])
        self.after_NL = nn.Sequential(*(TheirBlock(widths[-1]) for _ in range(6)), *_convolutions(back)[:-2])

    def forward(self, x: torch.Tensor, sound: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.after_NL(self.NL(self.before_NL(x), sound))
        return out


@torch.no_grad()
def test_the_loaded_autoencoder_computes_what_the_authors_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = TheirVae()
    torch.save(theirs.state_dict(), tmp_path / published.VAE_FILE)
    encoder, generator = published.load_published_vae(tmp_path)
    picture = torch.rand(1, 3, 20, 16)
    latent = theirs.encoder(2 * picture - 1)
    assert torch.allclose(encoder(picture), latent, atol=1e-4)
    assert torch.allclose(generator(latent), theirs.decoder(latent) / 2 + 0.5, atol=1e-5)


@torch.no_grad()
def test_the_loaded_mapping_computes_what_the_authors_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs, ours = TheirMapping(TINY.widths), Mapping(TINY)
    published._load(ours, theirs.state_dict(), published.mapping_names(TINY), tmp_path)
    latent, damaged = torch.randn(2, 4, 7, 9), torch.rand(2, 1, 7, 9) < 0.3
    assert torch.allclose(ours(latent, damaged), theirs(latent, (~damaged).float()), atol=1e-4)


def _state(names: dict[str, str], net: nn.Module, prefix: str = "") -> dict[str, torch.Tensor]:
    """A state dict of the release's names and shapes, without memory of its own."""
    return {
        prefix + f"{names[name.rsplit('.', 1)[0]]}.{name.rsplit('.', 1)[1]}": torch.zeros(1).expand(
            tensor.shape
        )
        for name, tensor in net.state_dict().items()
    }


@pytest.mark.parametrize("shape", [RELEASED, RELEASED_BLIND])
def test_names_of_the_released_mappings(shape: MappingShape) -> None:
    with torch.device("meta"):
        mapping = Mapping(shape)
    named = _state(published.mapping_names(shape), mapping)
    with torch.device("meta"):
        theirs: nn.Module = TheirMapping(RELEASED.widths)
        if not shape.attention:
            blocks = [TheirBlock(512) for _ in range(6)]
            back = _convolutions(list(reversed(shape.widths)))[:-2]
            theirs = nn.ModuleDict(
                {"model": nn.Sequential(*_convolutions(list(shape.widths)), *blocks, *back)}
            )
    wanted = {name: tensor.shape for name, tensor in theirs.state_dict().items()}
    assert {name: tensor.shape for name, tensor in named.items()} == wanted
    assert published._mapping_shape(named, Path("m")) == shape


def test_a_file_with_more_than_tensors_is_not_loaded(tmp_path: Path) -> None:
    torch.save({"encoder.1.weight": Path("x")}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="not loaded"):
        published.load_published_vae(tmp_path / "evil.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ValueError, match="not loaded"):
        published.load_published_vae(tmp_path / "text.pth")


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="release"):
        published.load_published_vae(tmp_path / "none.pth")
    state = TheirVae().state_dict()
    state["encoder.1.weight"] = torch.zeros(64, 1, 7, 7)
    torch.save(state, tmp_path / "gray.pth")
    with pytest.raises(
        ValueError, match=r"encoder.1.weight.*\(64, 1, 7, 7\); the published net has \(64, 3, 7, 7\)"
    ):
        published.load_published_vae(tmp_path / "gray.pth")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"lacks 'encoder\.1\.weight'"):
        published.load_published_vae(tmp_path / "other.pth")
    with pytest.raises(ValueError, match="patch attention"):
        published._mapping_shape({"NL.F_Combine.weight": torch.zeros(1)}, tmp_path)


def test_parallel_training_leaves_its_prefix(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = TheirVae()
    torch.save({f"module.{name}": tensor for name, tensor in theirs.state_dict().items()}, tmp_path / "p.pth")
    encoder, _ = published.load_published_vae(tmp_path / "p.pth")
    assert torch.equal(encoder.stem.weight, theirs.state_dict()["encoder.1.weight"])
