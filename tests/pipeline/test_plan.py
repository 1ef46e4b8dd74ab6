from dataclasses import replace
from itertools import combinations

import pytest

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.plan import (
    SOURCE,
    Plan,
    PlanRequest,
    make_plan,
    overlaid,
    resolve_request,
    with_needed,
)
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.stage import ClipFormat
from reelfix.pipeline.stages.denoise import Denoise

CLIP = ClipFormat(48, 64, 1, 8, 24.0)
SHOTS = (Shot(1, 0, 30), Shot(2, 30, 50))
ALL = ("deflicker", "motion", "detect", "restore")


def plan(**changes: object) -> Plan:
    facts = {"source_key": "ab", "clip": CLIP, "shots": SHOTS, "request": PlanRequest(ALL), **changes}
    return make_plan(**facts)  # type: ignore[arg-type]


def keys(of: Plan, shot: int = 0) -> dict[str, str]:
    return {task.stage: task.key for task in of.chains[shot]}


def test_the_same_facts_give_the_same_keys() -> None:
    assert keys(plan()) == keys(plan())


def test_every_task_has_a_key_of_its_own() -> None:
    found = [task.key for task in plan().tasks]
    assert len(set(found)) == len(found) == 8
    assert all(len(key) == 64 for key in found)


def test_motion_is_added_where_a_stage_reads_it() -> None:
    assert with_needed(["restore", "detect"]) == ("motion", "detect", "restore")
    assert with_needed(["deflicker"]) == ("deflicker",)


def test_a_product_that_nothing_makes_is_refused_with_the_remedy() -> None:
    with pytest.raises(UsageError, match="restore reads a mask, which no earlier stage makes: add detect"):
        with_needed(["restore"])


def test_products_come_from_the_nearest_earlier_stage() -> None:
    restore = plan().chains[0][-1]
    assert {entry.product: entry.stage for entry in restore.inputs} == {
        "frames": "deflicker",
        "mask": "detect",
        "motion": "motion",
    }
    alone = plan(request=PlanRequest(("motion",))).chains[0][0]
    assert [(entry.stage, entry.key) for entry in alone.inputs] == [(SOURCE, "ab")]


def test_a_setting_changes_only_what_depends_on_it() -> None:
    before = keys(plan())
    after = keys(plan(request=PlanRequest(ALL, settings={"detect": {"strength": 0.5}})))
    changed = {stage for stage in before if before[stage] != after[stage]}
    assert changed == {"detect", "restore"}


def test_a_shots_own_setting_changes_that_shot_alone() -> None:
    shots = (SHOTS[0], replace(SHOTS[1], settings={"restore": {"strength": 0.5}}))
    assert keys(plan(shots=shots)) == keys(plan())
    changed = keys(plan(shots=shots), 1)
    assert {stage for stage, key in keys(plan(), 1).items() if changed[stage] != key} == {"restore"}


def test_a_shots_number_is_no_part_of_its_keys() -> None:
    renumbered = tuple(replace(shot, number=shot.number + 5) for shot in SHOTS)
    assert keys(plan(shots=renumbered)) == keys(plan())


def test_source_range_and_channels_are_part_of_every_key() -> None:
    base = keys(plan())
    others = [
        keys(plan(source_key="cd")),
        keys(plan(shots=(Shot(1, 0, 29), Shot(2, 29, 50)))),
        keys(plan(clip=replace(CLIP, channels=3))),
    ]
    for one, other in combinations([base, *others], 2):
        assert all(one[stage] != other[stage] for stage in one)


def test_a_request_without_preset_goes_on_from_the_last_one() -> None:
    saved = PlanRequest(ALL, "archive", {"restore": {"strength": 0.3}})
    again = resolve_request(RunRequest(), saved)
    assert again == saved
    fresh = resolve_request(RunRequest(preset="archive"), saved)
    assert fresh.settings.get("restore", {}).get("strength") != 0.3


def test_settings_for_some_shots_are_no_part_of_the_reels_request() -> None:
    request = RunRequest(stages=ALL, settings={"restore": {"strength": 0.3}}, shots="2")
    assert resolve_request(request, PlanRequest(ALL, "archive", {})).settings == {}


def test_settings_laid_over_others_are_checked() -> None:
    assert overlaid({"restore": {"strength": 0.3}}, {"deflicker": {"radius": 4}}) == {
        "restore": {"strength": 0.3},
        "deflicker": {"radius": 4},
    }
    with pytest.raises(UsageError, match="radius"):
        overlaid({}, {"deflicker": {"radius": -1}})


def test_grainy_frames_are_those_that_the_first_stage_to_take_grain_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Denoise, "reads", ("frames", "motion", "grainy"))
    monkeypatch.setattr(Denoise, "may_read", ("mask", "user_mask"))
    request = PlanRequest((*ALL, "denoise"))
    tasks = {task.stage: task for task in plan(request=request).chains[0]}
    read = {entry.product: entry for entry in tasks["denoise"].inputs}
    assert (read["grainy"].stage, read["grainy"].key) == ("deflicker", tasks["deflicker"].key)
    assert (read["frames"].stage, read["mask"].stage) == ("restore", "detect")
    assert "user_mask" not in read
    alone = plan(request=PlanRequest(("denoise",))).chains[0][-1]
    assert {entry.stage for entry in alone.inputs if entry.product != "motion"} == {SOURCE}
    assert [entry.product for entry in alone.inputs] == ["frames", "motion", "grainy"]
