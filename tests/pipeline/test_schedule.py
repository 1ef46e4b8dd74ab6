from reelfix.pipeline.plan import Task
from reelfix.pipeline.schedule import MAX_LOSSES, Job, Schedule
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.stage import ClipFormat

CLIP = ClipFormat(16, 16, 1, 8, 24.0)


def chain(number: int, *stages: str) -> tuple[Job, ...]:
    shot = Shot(number, number * 10, number * 10 + 10)
    return tuple(Job("a.reel", Task(stage, shot, f"{stage}{number}", {}, (), CLIP)) for stage in stages)


def names(jobs: list[Job]) -> list[str]:
    return [job.task.key for job in jobs]


def take(schedule: Schedule) -> Job:
    job = schedule.take()
    assert job is not None
    return job


def test_a_stage_waits_for_the_one_before_it() -> None:
    schedule = Schedule([chain(1, "a", "b")])
    first = take(schedule)
    assert schedule.take() is None
    assert not schedule.is_over
    schedule.finish(first)
    assert take(schedule).task.stage == "b"


def test_a_shot_that_has_begun_goes_first() -> None:
    schedule = Schedule([chain(1, "a", "b"), chain(2, "a", "b")])
    schedule.finish(take(schedule))
    assert take(schedule).task.key == "b1"
    assert take(schedule).task.key == "a2"


def test_a_failed_shot_lets_the_others_go_on() -> None:
    schedule = Schedule([chain(1, "a", "b", "c"), chain(2, "a")])
    schedule.fail(take(schedule))
    schedule.finish(take(schedule))
    assert schedule.is_over
    assert names(schedule.failed) == ["a1"]
    assert names(schedule.waiting) == ["b1", "c1"]
    assert names(schedule.done) == ["a2"]


def test_a_lost_job_is_given_out_again_after_the_others_until_the_last_loss() -> None:
    schedule = Schedule([chain(1, "a", "b"), chain(2, "a")])
    unlucky = take(schedule)
    assert schedule.lose(unlucky) == 1
    schedule.finish(take(schedule))
    for losses in range(2, MAX_LOSSES + 1):
        assert take(schedule) == unlucky
        assert schedule.lose(unlucky) == losses
    assert schedule.take() is None
    schedule.fail(unlucky)
    assert schedule.is_over
    assert names(schedule.failed) == ["a1"]


def test_losses_are_counted_over_all_stages_of_a_shot() -> None:
    schedule = Schedule([chain(1, "a", "b")])
    schedule.lose(take(schedule))
    schedule.finish(take(schedule))
    assert schedule.lose(take(schedule)) == 2


def test_no_chains_is_over_at_once() -> None:
    assert Schedule([]).is_over
    assert Schedule([()]).is_over
