from typing import Any

import pytest

from reelfix.pipeline.stage import ClipFormat
from reelfix.pipeline.stages.detect import Detect, DetectSettings
from reelfix.restoration.models.weights import sha256_of

CLIP = ClipFormat(48, 64, 1, 8, 24.0)


def stage(**settings: Any) -> Detect:
    return Detect(DetectSettings.model_validate(settings), CLIP)


@pytest.mark.parametrize(
    ("settings", "count"),
    [({}, 3), ({"scratches": False}, 1), ({"dirt": False}, 2), ({"strength": 0.0}, 0)],
)
def test_the_judges_that_are_used_are_part_of_the_key(settings: dict[str, Any], count: int) -> None:
    weights = stage(model="none", **settings).weights
    assert len(set(weights)) == len(weights) == count
    assert all(len(digest) == 64 for digest in weights)


@pytest.mark.parametrize("settings", [{}, {"scratches": False}, {"dirt": False}])
def test_the_net_is_part_of_the_key_and_is_told_of_both_kinds(settings: dict[str, Any]) -> None:
    assert stage(**settings).weights == tuple(map(sha256_of, ("dirt", "scratch", "hairs", "detector")))
    assert stage(**settings).handle == 8


@pytest.mark.parametrize("settings", [{"strength": 0.0}, {"dirt": False, "scratches": False}])
def test_no_net_is_asked_where_nothing_is_looked_for(settings: dict[str, Any]) -> None:
    assert sha256_of("detector") not in stage(**settings).weights


def test_without_a_net_dirt_alone_needs_less_around_it() -> None:
    assert stage(model="none", scratches=False).handle == 4
    assert stage(model="none").handle == 8
