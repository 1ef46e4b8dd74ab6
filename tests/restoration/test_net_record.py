import hashlib
import json
from pathlib import Path

import pytest
import torch

from reelfix.restoration.net_record import is_external, net_record


def test_weights_of_ours_are_told() -> None:
    record = net_record("dirt")
    assert (record["name"], record["file"], record["architecture"]) == ("dirt", "dirt.json", "dirt-judge")
    assert record["sha256"].startswith("b80ee9bc3c82")
    assert json.loads(json.dumps(record)) == record
    assert not is_external("dirt")


def test_a_net_of_others_is_told_with_its_architecture(tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    from spandrel.architectures.Compact import Compact

    path = tmp_path / "own.pth"
    torch.save(Compact(num_in_ch=1, num_out_ch=1, num_feat=4, num_conv=1, upscale=2).state_dict(), path)
    assert is_external(str(path))
    record = net_record(str(path))
    assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (record["architecture"], record["file"], record["scale"]) == ("RealESRGAN Compact", "own.pth", 2)
    assert record["loaded_by"].startswith("spandrel 0.")
    assert record["origin"] == "a file of the user"
    assert json.loads(json.dumps(record)) == record
