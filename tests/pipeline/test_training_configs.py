"""Configurations of training: all that are shipped hold, and what is wrong with others is named."""

import pytest

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.training_configs import assigned, chain, config_names, default_config, load_config
from reelfix.restoration.training.configuration import TASKS
from reelfix.restoration.training.errors import TrainingError


@pytest.mark.parametrize("task", TASKS)
def test_every_shipped_configuration_holds(task):
    assert default_config(task, adapt=False) in config_names(task)
    for name in config_names(task):
        config = load_config(task, name)
        settings = config.settings()
        assert settings.training.steps >= 100
        assert config.description
        assert config.sections.keys() <= type(settings).model_fields.keys()
        assert [run.task for run in chain(config)] == [*config.after, task]


def test_the_mapping_is_adapted_where_real_film_is_named():
    config = load_config("mapping", default_config("mapping", adapt=True))
    assert [(run.task, run.name) for run in chain(config)] == [
        ("domain-a", "compact-adapt"),
        ("domain-b", "compact-adapt"),
        ("mapping", "compact-adapt"),
    ]
    assert default_config("domain-a", adapt=True) == "compact"


def test_assignments_find_their_run_and_section():
    configs = chain(load_config("mapping", "compact-adapt"))
    first, _, last = assigned(
        configs,
        ["steps=7", "recipe.rate = 0.25", "domain-a.training.steps=9", "weights.start=old.safetensors"],
    )
    assert last.settings().training.steps == 7
    assert last.settings().model_dump()["recipe"]["rate"] == 0.25
    assert first.settings().training.steps == 9
    assert {run.settings().weights.start for run in (first, last)} == {"old.safetensors"}
    assert configs[-1].settings().training.steps != 7


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("steps", r"'steps' is not an assignment"),
        ("stesp=3", r"no setting 'stesp' of training\. Did you mean 'steps'\?"),
        ("training.steps.more=3", r"steps is a value, not a section"),
    ],
)
def test_what_is_no_assignment_is_refused(assignment, message):
    with pytest.raises(UsageError, match=message):
        assigned([load_config("mapping", "compact")], [assignment])


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(
        UsageError, match=r"mapping has no configuration 'compakt'\. Did you mean 'compact'\?"
    ):
        load_config("mapping", "compakt")
    with pytest.raises(UsageError, match=r"there is no file mine\.toml"):
        load_config("mapping", "mine.toml")
    (own,) = assigned([load_config("mapping", "compact")], ["training.stepz=3"])
    with pytest.raises(TrainingError, match=r"no setting 'training\.stepz'\. Did you mean 'steps'\?"):
        own.settings()


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mapping-mine.toml"
    path.write_text('task = "mapping"\nmodel = "compact"\n[training]\nsteps = 123\n')
    config = load_config("mapping", str(path))
    assert (config.folder_name, config.settings().training.steps) == ("mapping-mine", 123)
    with pytest.raises(UsageError, match="is for 'mapping', not for 'detect'"):
        load_config("detect", str(path))
    path.write_text("task = mapping")
    with pytest.raises(UsageError, match="is not TOML"):
        load_config("mapping", str(path))
