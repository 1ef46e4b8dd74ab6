"""Status names every state, and adds up what there is."""

from collections.abc import Callable
from pathlib import Path

from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.failures import Failure, record_failure
from reelfix.pipeline.lock import hold_reel
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.shot_edits import split_shot
from reelfix.pipeline.status import reel_status

MakeReel = Callable[..., Reel]
SERIAL = ExecutorOptions(scheduler="serial")


def states(reel: Reel) -> list[list[str]]:
    return [[entry.state for entry in shot.stages] for shot in reel_status(reel).shots]


def test_a_reel_never_run_has_no_stages(make_tiny_reel: MakeReel) -> None:
    status = reel_status(make_tiny_reel())
    assert (status.stages, status.preset, status.holder, status.masters) == ((), "", None, ())
    assert [shot.stages for shot in status.shots] == [(), ()]
    assert status.size == "40x32 gray"
    assert status.store_bytes > 0


def test_done_stale_and_to_do(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("deflicker",)), SERIAL)
    assert states(reel) == [["done"], ["done"]]
    status = reel_status(reel)
    assert status.stage_bytes("deflicker") > 0
    assert status.stage_seconds("deflicker") > 0
    assert status.unreached_bytes == 0
    # Another strength for shot 2 alone: shot 1 is found, shot 2 done anew, its old product unreached.
    run([reel], RunRequest(settings={"deflicker": {"strength": 0.5}}, shots="2"), SERIAL)
    assert states(reel) == [["done"], ["done"]]
    assert reel_status(reel).unreached_bytes > 0
    assert dict(reel_status(reel).shots[1].settings) == {"deflicker": {"strength": 0.5}}
    # A request for other settings that ran on shot 1 alone leaves shot 2, whose own settings hold, done.
    run([reel], RunRequest(settings={"deflicker": {"radius": 3}}), SERIAL)
    reel.write_shots(split_shot(reel.shots(), 4))
    assert states(reel) == [["to do"], ["to do"], ["done"]]


def test_stale_is_what_was_done_under_other_settings(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("deflicker",)), SERIAL)
    shots = reel.shots()
    from dataclasses import replace

    reel.write_shots([replace(shots[0], settings={"deflicker": {"strength": 0.1}}), shots[1]])
    assert states(reel) == [["stale"], ["done"]]
    assert reel_status(reel).count("deflicker") == {"stale": 1, "done": 1}


def test_failed_waiting_begun_and_running(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("deflicker", "motion")), SERIAL)
    first, second = plan_of(reel).chains
    for task in (first[0], first[1], second[1]):
        (reel.product_folder(task.stage, task.key, task.shot) / "commit.json").unlink()
    failed = reel.product_folder(first[0].stage, first[0].key, first[0].shot)
    record_failure(failed, Failure("ValueError: torn", "Traceback ...", "2026-01-01T00:00:00+00:00", "host"))
    status = reel_status(reel)
    assert states(reel) == [["failed", "waiting"], ["done", "begun"]]
    assert status.shots[0].stages[0].reason == "ValueError: torn"
    assert status.shots[1].stages[1].frames_done == 10
    assert status.shots[1].stages[1].reason == "stopped after 10 of 10 frames"
    with hold_reel(reel.root, "run"):
        held = reel_status(reel)
        assert held.holder is not None
        assert held.shots[1].stages[1].state == "running"


def test_status_writes_nothing_and_is_json(make_tiny_reel: MakeReel) -> None:
    import json

    reel = make_tiny_reel()
    run([reel], RunRequest(stages=("deflicker",)), SERIAL)
    root = Path(str(reel.root))
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    content = json.loads(json.dumps(reel_status(reel).to_json()))
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert content["shots"][0]["stages"][0]["state"] == "done"
    assert content["frame_count"] == 20
