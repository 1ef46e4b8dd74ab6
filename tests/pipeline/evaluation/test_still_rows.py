"""Nets as rows of the table of photographs."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reelfix.pipeline.evaluation.still_rows import filled_still, parse_rows
from reelfix.restoration.triplet.compact import CompactNets, CompactShape


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of tiny compact nets whose directions lead somewhere."""
    torch.manual_seed(0)
    nets = CompactNets(CompactShape(latent=16, width=16, blocks=2, coarse=16, coarse_blocks=1))
    torch.nn.init.normal_(nets.mapping.directions.weight, std=0.1)
    for parameter in nets.mapping.nonlocal_block.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    path = tmp_path_factory.mktemp("nets") / "tiny.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in nets.state_dict().items()}, path)
    return path


def _damaged(channels: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    picture = torch.rand(channels, 50, 67, generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(1, 50, 67)
    mask[:, 12:36, 20:44] = 1.0
    return picture, mask


def test_a_net_restores_with_and_without_the_partial_nonlocal_block(weights: Path) -> None:
    picture, mask = _damaged()
    rows = parse_rows(f"with={weights},without={weights}:without-nonlocal")
    assert [row.name for row in rows] == ["with", "without"]
    attending, plain = (row.open(torch.device("cpu"))(picture, mask) for row in rows)
    assert attending.shape == plain.shape == picture.shape
    filled = filled_still(picture, mask)
    assert (attending - filled).abs().max() > 1e-3
    assert (attending - plain).abs().max() > 1e-4
    assert torch.equal(attending, rows[0].open(torch.device("cpu"))(picture, mask))


def test_a_gray_nets_change_is_added_to_every_colour(weights: Path) -> None:
    picture, mask = _damaged(3)
    picture = 0.3 + 0.4 * picture
    (row,) = parse_rows(f"net={weights}")
    change = row.open(torch.device("cpu"))(picture, mask) - filled_still(picture, mask)
    assert change.shape == picture.shape
    inside = change.abs().amax(dim=0) < 0.2  # where nothing is clipped
    assert torch.allclose(change[0][inside], change[2][inside], atol=1e-5)


def test_filling_leaves_what_is_sound() -> None:
    picture, mask = _damaged()
    filled = filled_still(picture, mask)
    assert torch.equal(filled[mask == 0], picture[mask == 0])
    assert (filled[mask > 0] != picture[mask > 0]).float().mean() > 0.9
    assert torch.equal(filled_still(picture, torch.zeros_like(mask)), picture)
