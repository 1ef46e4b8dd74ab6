import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.models.errors import ModelError, UnknownModelError
from reelfix.restoration.models.weights import (
    find_weights,
    load_document,
    load_weights,
    settled,
    sha256_of,
    weights_folder,
    weights_names,
)

SHIPPED_BYTES = 60_000_000


def test_weights_are_loaded_by_name_and_by_path(put_net) -> None:  # type: ignore[no-untyped-def]
    folder = put_net()
    by_name, by_path = load_weights("tiny", folder), load_weights(str(folder / "tiny.safetensors"))
    assert by_name["encoder.stem.weight"].shape == (8, 16, 3, 3)
    assert by_name.keys() == by_path.keys()
    assert all(torch.equal(by_name[key], by_path[key]) for key in by_name)
    digest = hashlib.sha256((folder / "tiny.safetensors").read_bytes()).hexdigest()
    assert sha256_of("tiny", folder) == sha256_of(str(folder / "tiny.safetensors")) == digest


@pytest.mark.parametrize("place", [8, -1])
def test_an_altered_byte_is_refused_with_both_digests(put_net, place: int) -> None:  # type: ignore[no-untyped-def]
    folder = put_net()
    path = folder / "tiny.safetensors"
    registered = sha256_of("tiny", folder)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    for reference in ("tiny", str(path)):
        with pytest.raises(ModelError) as raised:
            load_weights(reference, folder)
        assert registered in str(raised.value)
        assert hashlib.sha256(content).hexdigest() in str(raised.value)
    assert sha256_of("tiny", folder) == registered  # the key is of what would be loaded, or nothing is


def test_a_wrong_name_is_answered_with_the_nearest(put_net) -> None:  # type: ignore[no-untyped-def]
    folder = put_net("triplet-tiny")
    with pytest.raises(UnknownModelError, match="Did you mean 'triplet-tiny'"):
        find_weights("triplet-tinny", folder)
    with pytest.raises(UnknownModelError, match="Known: triplet-tiny"):
        find_weights("qqq", folder)
    with pytest.raises(UnknownModelError, match="no such file"):
        find_weights(str(folder / "other.pth"))
    with pytest.raises(UnknownModelError, match=r"end in \.safetensors"):
        find_weights(str(folder / "picture.png"))


def test_a_path_means_the_same_from_anywhere(put_net, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    folder = put_net()
    monkeypatch.chdir(folder)
    assert settled("tiny") == "tiny"
    reference = settled("./tiny.safetensors")
    assert settled("tiny.safetensors") == reference
    monkeypatch.chdir("/")
    assert find_weights(reference).path == folder / "tiny.safetensors"


def test_a_file_without_a_card_has_its_digest_of_now(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    digests = set()
    for value in (0.0, 1.0):
        save_file({"a": torch.full((4,), value)}, path)
        digests.add(sha256_of(str(path)))
        assert sha256_of(str(path)) == hashlib.sha256(path.read_bytes()).hexdigest()
        assert load_weights(str(path))["a"].tolist() == [value] * 4
    assert len(digests) == 2


def test_what_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    for content in (b"", b"\x80\x02}q\x00.", b"\x05\x00\x00\x00\x00\x00\x00\x00[1,2]"):
        path.write_bytes(content)
        with pytest.raises(ModelError, match="safetensors file"):
            load_weights(str(path))


def test_a_card_of_another_file_is_refused(put_net) -> None:  # type: ignore[no-untyped-def]
    folder = put_net()
    (folder / "other.md").write_text((folder / "tiny.md").read_text())
    with pytest.raises(ModelError, match="is the card of 'tiny'"):
        find_weights("other", folder)
    (folder / "tiny.safetensors").unlink()
    with pytest.raises(ModelError, match="is not there"):
        find_weights("tiny", folder)


@pytest.mark.parametrize("name", weights_names())
def test_what_is_shipped_is_as_its_card_says(name: str) -> None:
    weights = find_weights(name)
    assert weights.head is not None
    assert len(weights.read()) == weights.head.bytes
    assert weights.head.gaps() == []
    if weights.path.suffix == ".json":
        assert json.loads(weights.path.read_text()) == load_document(name)


def test_all_that_is_shipped_has_a_card_and_stays_small() -> None:
    files = {path for path in weights_folder().iterdir() if path.suffix in (".safetensors", ".json")}
    assert {find_weights(name).path for name in weights_names()} == files
    assert {"dirt", "scratch", "hairs"} <= set(weights_names())
    assert sum(path.stat().st_size for path in files) < SHIPPED_BYTES
    kept = {path.suffix for path in weights_folder().iterdir()}
    assert kept <= {".safetensors", ".json", ".md", ".png"}  # no pickle
