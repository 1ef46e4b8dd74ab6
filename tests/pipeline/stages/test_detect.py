import pytest

from reelfix.pipeline.stage import ClipFormat
from reelfix.pipeline.stages.detect import Detect, DetectSettings

CLIP = ClipFormat(48, 64, 1, 8, 24.0)


@pytest.mark.parametrize(
    ("settings", "count"),
    [({}, 3), ({"scratches": False}, 1), ({"dirt": False}, 2), ({"strength": 0.0}, 0)],
)
def test_the_judges_that_are_used_are_part_of_the_key(settings: dict[str, float], count: int) -> None:
    weights = Detect(DetectSettings.model_validate(settings), CLIP).weights
    assert len(set(weights)) == len(weights) == count
    assert all(len(digest) == 64 for digest in weights)
