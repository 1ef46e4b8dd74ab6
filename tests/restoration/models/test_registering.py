import hashlib
import json
from pathlib import Path

from reelfix.restoration.models.card import Card, CardHead, read_card
from reelfix.restoration.models.registering import write_document
from reelfix.restoration.models.weights import load_document, sha256_of


def test_weights_made_anew_are_registered(tmp_path: Path) -> None:
    content = b'{"biases": [1]}\n'
    digest = hashlib.sha256(content).hexdigest()
    head = CardHead(name="odds", architecture="odds", file="odds.json", sha256=digest, bytes=len(content))
    (tmp_path / "odds.json").write_bytes(content)
    (tmp_path / "odds.md").write_text(Card(head=head, text="# odds").render())
    digest = write_document("odds", {"biases": [2, 3]}, metrics={"f1": 0.5}, folder=tmp_path)
    assert (
        load_document("odds", tmp_path)
        == {"biases": [2, 3]}
        == json.loads((tmp_path / "odds.json").read_text())
    )
    assert (
        sha256_of("odds", tmp_path)
        == digest
        == hashlib.sha256((tmp_path / "odds.json").read_bytes()).hexdigest()
    )
    card = read_card(tmp_path / "odds.md")
    assert (card.head.metrics, card.text) == ({"f1": 0.5}, "# odds")
    write_document("odds", {}, folder=tmp_path)
    assert read_card(tmp_path / "odds.md").head.metrics == {"f1": 0.5}
