import pytest

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.settings import check_stages, load_preset, parse_assignments, preset_names, resolve
from reelfix.pipeline.stages.table import STAGES


def test_stages_come_in_canonical_order_each_once() -> None:
    assert check_stages(["restore", "deflicker", "restore"]) == ("deflicker", "restore")


def test_an_unknown_stage_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no stage 'deflickr'. Did you mean 'deflicker'\?"):
        check_stages(["deflickr"])


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"restore has no setting 'strenght'. Did you mean 'strength'\?"):
        parse_assignments(["restore.strenght=0.5"])


def test_a_value_out_of_range_names_the_range() -> None:
    with pytest.raises(UsageError, match=r"restore.strength = '1.5' is not allowed: .*range: >= 0.0, <= 1.0"):
        parse_assignments(["restore.strength=1.5"])


@pytest.mark.parametrize("text", ["restore", "restore=1", "strength=1", ".strength=1", "restore.=1"])
def test_what_is_no_assignment_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"write it like restore.strength=0.6"):
        parse_assignments([text])


def test_assignments_are_typed() -> None:
    assert parse_assignments(["restore.strength=0.25", "deflicker.radius=5"]) == {
        "restore": {"strength": 0.25},
        "deflicker": {"radius": 5},
    }


def test_later_layers_lie_on_top() -> None:
    settings = resolve("restore", {"restore": {"strength": 0.1}}, {}, {"restore": {"strength": 0.2}})
    assert settings.strength == 0.2
    assert resolve("restore", {"deflicker": {"strength": 0.1}}).strength == 1.0


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name: str) -> None:
    preset = load_preset(name)
    assert preset.stages
    assert set(preset.stages) <= set(STAGES)
    assert preset.description


def test_an_unknown_preset_names_the_nearest() -> None:
    assert {"archive", "full"} <= set(preset_names())
    with pytest.raises(UsageError, match=r"no preset 'archiv'. Did you mean 'archive'\?"):
        load_preset("archiv")
