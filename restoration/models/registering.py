"""Weights made anew: the file written, and its digest registered in its card."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reelfix.restoration.models.card import read_card
from reelfix.restoration.models.weights import find_weights


def write_document(
    reference: str,
    document: Mapping[str, Any],
    *,
    metrics: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> str:
    """Replace weights that are a JSON document, and register them; returns their SHA-256.

    `metrics` replaces those of the card, whose text and all else stay; None leaves them.
    """
    weights = find_weights(reference, folder)
    content = (json.dumps(document) + "\n").encode()
    weights.path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    if weights.card_path is not None:
        card = read_card(weights.card_path)
        changes: dict[str, Any] = {"sha256": digest, "bytes": len(content)}
        if metrics is not None:
            changes["metrics"] = dict(metrics)
        head = card.head.model_copy(update=changes)
        weights.card_path.write_text(card.model_copy(update={"head": head}).render(), encoding="utf-8")
    return digest
