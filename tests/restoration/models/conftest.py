"""Tiny nets with cards."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from reelfix.restoration.models.card import Card, CardHead
from reelfix.restoration.triplet.compact import CompactNets, CompactShape

SHAPE = CompactShape(
    latent=8, encoder_blocks=1, decoder_blocks=2, width=12, blocks=4, coarse=8, coarse_blocks=1
)

PutNet = Callable[..., Path]


@pytest.fixture
def put_net(tmp_path: Path) -> PutNet:
    """Return a function that writes a net's weights and their card, and returns their folder."""

    def put(
        name: str = "tiny", *, drop: str = "", add: str = "", architecture: str = "triplet-compact"
    ) -> Path:
        torch.manual_seed(0)
        nets = CompactNets(SHAPE)
        torch.nn.init.normal_(nets.mapping.directions.weight, std=0.1)
        tensors = {key: value for key, value in nets.state_dict().items() if key != drop}
        content = save(tensors | ({add: torch.zeros(3)} if add else {}))
        (tmp_path / f"{name}.safetensors").write_bytes(content)
        head = CardHead(
            name=name,
            architecture=architecture,
            file=f"{name}.safetensors",
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )
        (tmp_path / f"{name}.md").write_text(Card(head=head, text=f"# {name}").render())
        return tmp_path

    return put
