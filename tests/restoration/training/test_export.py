"""Weights as files: the same bytes every time, read back by module, refused where they do not fit."""

import pytest
import torch
from torch import nn

from reelfix.restoration.training.errors import TrainingDataError
from reelfix.restoration.training.export import load_into, read_weights, write_weights, written_step

METADATA = {name: name * 3 for name in ("recipe", "settings", "data", "seed", "steps")} | {"step": "12"}


def test_the_same_weights_give_the_same_bytes(tmp_path):
    net = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
    digests = {
        write_weights(tmp_path / f"{turn}.safetensors", {"net": net.state_dict()}, METADATA)
        for turn in range(6)
    }
    assert len(digests) == 1
    states = read_weights(tmp_path / "0.safetensors")
    other = nn.Conv2d(2, 3, 3)
    load_into(other, states, "missing", "net")
    assert torch.equal(other.weight, net.weight)
    assert written_step(tmp_path / "0.safetensors") == 12
    assert written_step(tmp_path / "none.safetensors") is None


def test_weights_that_do_not_fit_are_refused(tmp_path):
    write_weights(tmp_path / "a.safetensors", {"net": nn.Conv2d(2, 3, 3).state_dict()}, METADATA)
    states = read_weights(tmp_path / "a.safetensors")
    with pytest.raises(TrainingDataError, match="weights of net do not fit"):
        load_into(nn.Conv2d(2, 4, 3), states, "net")
    with pytest.raises(TrainingDataError, match="there are weights of net, but not of encoder or decoder"):
        load_into(nn.Conv2d(2, 3, 3), states, "encoder", "decoder")
    (tmp_path / "b.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(TrainingDataError, match="cannot be read as safetensors"):
        read_weights(tmp_path / "b.safetensors")
