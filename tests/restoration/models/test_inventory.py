from reelfix.restoration.models.inventory import inventory, parameters_of, without_card
from reelfix.restoration.models.weights import find_weights


def test_what_is_wrong_is_told_of_each(put_net) -> None:  # type: ignore[no-untyped-def]
    folder = put_net("good")
    put_net("altered")
    put_net("misnamed", architecture="detector")
    put_net("gone")
    with (folder / "altered.safetensors").open("ab") as file:
        file.write(b"x")
    (folder / "gone.safetensors").unlink()
    (folder / "loose.safetensors").write_bytes(b"")
    entries = {entry.name: entry for entry in inventory(folder)}
    assert list(entries) == ["altered", "gone", "good", "misnamed"]
    assert entries["good"].problems == ()
    assert entries["good"].gaps == ("summary", "licence", "recipe", "data", "limits")
    assert not entries["good"].ok
    assert "has SHA-256" in entries["altered"].problems[0]
    assert "not there" in entries["gone"].problems[0]
    assert "holds triplet-compact, its card says detector" in entries["misnamed"].problems[0]
    assert [path.name for path in without_card(folder)] == ["loose.safetensors"]


def test_numbers_that_were_learned_are_counted() -> None:
    dirt = find_weights("dirt").path
    assert parameters_of(dirt) == 3450  # not the means and deviations of the evidence
    assert {entry.name for entry in inventory()} >= {"dirt", "hairs", "scratch"}
