import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from reelfix.restoration.detector_net import DetectorNet
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.triplet.compact import CompactNets
from reelfix.restoration.triplet.paper import PaperNets, PaperShape
from reelfix.restoration.triplet.paper_mapping import MappingShape
from reelfix.restoration.triplet.paper_vae import VaeShape


def written(path: Path, net: nn.Module, prefix: str = "") -> str:
    """Write a net's weights; return the path as a reference."""
    save_file({f"{prefix}{key}": value for key, value in net.state_dict().items()}, path)
    return str(path)


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_a_compact_net_is_described_and_built(put_net) -> None:  # type: ignore[no-untyped-def]
    folder = put_net()
    found = describe("tiny", folder)
    assert (found.architecture.name, found.channels, found.frames) == ("triplet-compact", 1, 5)
    assert (found.multiple, found.scale, found.needs) == (16, 1, ("mask", "motion"))
    assert found.card_path == folder / "tiny.md"
    net = found.build(channels_last=True)
    assert isinstance(net, CompactNets)
    assert sum(parameter.numel() for parameter in net.parameters()) == found.parameters
    assert net.shape.blocks == 4
    assert net.shape.decoder_blocks == 2
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert not net.training
    assert next(found.build(precision="bfloat16").parameters()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "mapping",
    [
        MappingShape((4, 6, 8), fusion_blocks=1, blocks=2),
        MappingShape((4, 8), fusion_blocks=0, blocks=1, attention=False),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_paper_net_is_told_from_its_tensors(tmp_path: Path, mapping: MappingShape, channels: int) -> None:
    nets = PaperNets(PaperShape(VaeShape(channels, 4, 2), mapping))
    found = describe(written(tmp_path / "own.safetensors", nets))
    assert (found.architecture.name, found.channels, found.frames) == ("triplet-paper", channels, 1)
    assert same_weights(found.build(), nets)


def test_a_detector_is_told_with_its_recipes_prefix(tmp_path: Path) -> None:
    net = DetectorNet(7, widths=(4, 8, 6), depths=(1, 2, 1), strips=2)
    found = describe(written(tmp_path / "own.safetensors", net, "net."))
    assert found.architecture.name == "detector"
    assert same_weights(found.build(), net)
    with pytest.raises(ModelError, match=r"float16\. It does in float32, bfloat16"):
        found.build(precision="float16")


def test_half_precision_files_are_built_as_asked(tmp_path: Path) -> None:
    net = DetectorNet(7, widths=(4, 8), depths=(1, 1)).half()
    built = describe(written(tmp_path / "own.safetensors", net)).build()
    assert {parameter.dtype for parameter in built.parameters()} == {torch.float32}
    assert same_weights(built, net.float())


def test_tensors_missing_and_unknown_are_told(put_net) -> None:  # type: ignore[no-untyped-def]
    folder = put_net(drop="mapping.wide.0.first.bias", add="mapping.hidden.weight")
    with pytest.raises(ModelError) as raised:
        describe("tiny", folder).build()
    assert "1 missing (mapping.wide.0.first.bias)" in str(raised.value)
    assert "1 not known (mapping.hidden.weight)" in str(raised.value)


def test_a_tensor_of_another_shape_is_told(tmp_path: Path) -> None:
    net = DetectorNet(7, widths=(4, 8), depths=(1, 1))
    state = net.state_dict() | {"head.bias": torch.zeros(5)}
    save_file(state, tmp_path / "own.safetensors")
    with pytest.raises(ModelError, match=r"1 of another shape \(head.bias \(5,\), not \(8,\)\)"):
        describe(str(tmp_path / "own.safetensors")).build()


def test_a_card_of_another_architecture_is_refused(put_net) -> None:  # type: ignore[no-untyped-def]
    folder = put_net(architecture="detector")
    with pytest.raises(ModelError, match="holds weights of triplet-compact, its card says detector"):
        describe("tiny", folder)


def test_tensors_of_no_net_are_refused(tmp_path: Path) -> None:
    save_file({"a.weight": torch.zeros(2)}, tmp_path / "own.safetensors")
    with pytest.raises(ModelError, match="none of these nets: triplet-compact, triplet-paper, detector"):
        describe(str(tmp_path / "own.safetensors"))


def test_describing_reads_the_header_alone(tmp_path: Path) -> None:
    """A file whose tensors were cut off is described; to build it fails."""
    shape, dtype = [4, 7, 3, 3], "F32"
    keys = ("strips.layers.0.weight", "stem.weight", "head.weight")
    header = {key: {"dtype": dtype, "shape": shape, "data_offsets": [0, 1008]} for key in keys}
    text = json.dumps(header).encode()
    (tmp_path / "own.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    assert describe(str(tmp_path / "own.safetensors")).parameters == 3 * 4 * 7 * 9
