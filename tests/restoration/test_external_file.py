import hashlib
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.external_file import read_checkpoint
from reelfix.restoration.models.errors import ModelError, UnknownModelError

TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2, dtype=torch.float16)}


@pytest.mark.parametrize("name", ["net.pth", "net.pt", "net.ckpt", "old.pth", "net.safetensors"])
def test_tensors_are_read_whatever_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".safetensors":
        save_file(TENSORS, path)
    else:
        torch.save(OrderedDict(TENSORS), path, _use_new_zipfile_serialization=name != "old.pth")
    found = read_checkpoint(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.content.keys() == TENSORS.keys()
    assert all(torch.equal(found.content[key], TENSORS[key]) for key in TENSORS)


class Payload:
    """What a pickle of it would do, were it loaded unrestricted: leave a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, (f"touch {self.mark}",))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_forbidden_global_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    path, mark = tmp_path / "net.pth", tmp_path / "mark"
    torch.save({**TENSORS, "x": Payload(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"asks for posix\.system, .* refused"):
        read_checkpoint(path)
    assert not mark.exists()


def test_a_bare_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "net.pth", tmp_path / "mark"
    path.write_bytes(pickle.dumps(Payload(mark), protocol=2))
    with pytest.raises(ModelError):
        read_checkpoint(path)
    assert not mark.exists()


def test_torchscript_is_refused_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/constants.pkl", b"")
        archive.writestr("net/data.pkl", b"")
    with pytest.raises(ModelError, match="TorchScript, a program"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"PK\x03\x04"])
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"net.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"net\."):
        read_checkpoint(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match="no such file"):
        read_checkpoint(tmp_path / "net.pth")
    torch.save([1, 2], tmp_path / "net.pth")
    with pytest.raises(ModelError, match="holds a list"):
        read_checkpoint(tmp_path / "net.pth")
