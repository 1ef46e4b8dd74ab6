"""Settings: what is wrong is named, with the nearest name there is."""

from dataclasses import dataclass

import pytest

from reelfix.restoration.training.errors import TrainingError
from reelfix.restoration.training.settings import Settings, TrainingSettings, checked, difference, plain


@dataclass(frozen=True)
class Loss:
    edges: float = 1.0


class Recipe(Settings):
    loss: Loss = Loss()


class Run(Settings):
    training: TrainingSettings = TrainingSettings()
    recipe: Recipe = Recipe()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"trainin": {}}, r"there is no setting 'trainin'\. Did you mean 'training'\?"),
        ({"training": {"step": 3}}, r"no setting 'training\.step'\. Did you mean 'steps'\?"),
        ({"recipe": {"loss": {"edge": 1}}}, r"no setting 'recipe\.loss\.edge'\. Did you mean 'edges'\?"),
        (
            {"training": {"steps": 0}},
            r"here: training\.steps = 0 is not allowed: .*greater than or equal to 1",
        ),
    ],
)
def test_what_is_wrong_is_named(content, message):
    with pytest.raises(TrainingError, match=message):
        checked(Run, content, "here")


def test_differences_are_told_by_path():
    before = plain(Run().model_dump(mode="json"))
    after = plain(Run(recipe=Recipe(loss=Loss(2.0))).model_dump(mode="json")) | {"fresh": (1, 2)}
    assert difference(before, after) == ["fresh: not set, now [1, 2]", "recipe.loss.edges: 1.0, now 2.0"]
    assert difference(before, after, {"fresh", "recipe.loss.edges"}) == []
