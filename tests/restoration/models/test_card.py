import pytest

from reelfix.restoration.models.card import Card, CardHead, Data, parse_card
from reelfix.restoration.models.errors import ModelError

HEAD = CardHead(
    name="tiny",
    summary='says "much"',
    architecture="triplet-compact",
    file="tiny.safetensors",
    sha256="ab" * 32,
    bytes=12,
    seed=3,
    recipe=("reelfix train domain-a --data DATA", "reelfix train mapping"),
    data=(Data(name="clips", terms="CC BY 4.0", use="all"),),
    metrics={"psnr": 31.25, "inside": {"psnr": 22.5}},
)


def test_a_card_comes_back_as_it_was_written() -> None:
    card = Card(head=HEAD, text="# tiny\n\n+++ is no fence here\n\n| a | b |")
    assert parse_card(card.render(), "tiny.md") == card


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("+++\nname", "name", "must begin with a head"),
        ("bytes = 12", "bytes = -1", "bytes = -1 is not allowed"),
        ("bytes = 12", "octets = 12", "has no 'octets'. Known: name"),
        ("bytes = 12\n", "", "does not say its bytes"),
        ("bytes = 12", "bytes = ", "is no TOML"),
        ('sha256 = "ab', 'sha256 = "xy', "sha256 = 'xy"),
    ],
)
def test_what_is_wrong_with_a_card_is_told(old: str, new: str, said: str) -> None:
    content = Card(head=HEAD, text="# tiny").render()
    assert old in content
    with pytest.raises(ModelError) as raised:
        parse_card(content.replace(old, new), "tiny.md")
    assert said in str(raised.value)
    assert "tiny.md" in str(raised.value)


def test_what_a_card_leaves_out_is_named() -> None:
    assert HEAD.gaps() == ["licence", "limits"]
