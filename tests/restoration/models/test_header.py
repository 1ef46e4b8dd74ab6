from pathlib import Path

import torch
from safetensors.torch import save_file

from reelfix.restoration.models.header import read_header


def test_shapes_types_and_texts_are_read(tmp_path: Path) -> None:
    tensors = {
        "net.body.0.a": torch.zeros(2, 3),
        "net.body.0.b": torch.zeros(4),
        "net.body.10.a": torch.zeros(()),
    }
    tensors["net.body.0.b"] = tensors["net.body.0.b"].half()
    save_file(tensors, tmp_path / "own.safetensors", {"made": "here"})
    header = read_header(tmp_path / "own.safetensors")
    assert header.shapes == {key: tuple(value.shape) for key, value in tensors.items()}
    assert header.dtypes["net.body.0.b"] == "F16"
    assert header.metadata == {"made": "here"}
    assert header.parameters == 6 + 4 + 1
    assert header.count("net.body.") == 2
    assert "body.10.a" in header.without("net.").shapes
    assert header.without("other.") is header
