from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.clean import clean
from reelfix.pipeline.commit import read_commit
from reelfix.pipeline.errors import Interrupted
from reelfix.pipeline.events import Event, WindowDone, silent
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.plan import PlanRequest, Task, make_plan
from reelfix.pipeline.products import ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.runner import run_task
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.shots import SettingsTree
from reelfix.pipeline.stage import ClipFormat
from reelfix.pipeline.stages.smooth import CARRIED, Smooth, SmoothSettings
from reelfix.pipeline.verify_stages import verify_stages
from reelfix.restoration import smooth

MakeReel = Callable[..., Reel]
CPU = torch.device("cpu")
CLIP = ClipFormat(32, 40, 1, 8, 24.0)
PIXELS = {"smooth": {"model": "none"}, "restore": {"model": "none"}}


def tasks_of(reel: Reel, settings: SettingsTree, stages: tuple[str, ...] = ("smooth",)) -> tuple[Task, ...]:
    return make_plan(reel.source_key, reel.clip, reel.shots(), PlanRequest(stages, "", settings)).tasks


def made(reel: Reel, task: Task) -> bytes:
    store = ProductStore.open(reel.product_folder(task.stage, task.key, task.shot))
    return store.read("frames", 0, task.shot.frame_count).tobytes()


def states(reel: Reel) -> list[Path]:
    return list(Path(str(reel.root)).rglob("*.safetensors*"))


def test_the_stage_names_what_it_carries_as_the_smoother_does() -> None:
    assert CARRIED == smooth.CARRIED
    assert Smooth(SmoothSettings(ahead=5, refine_motion=False), CLIP).handle == 5
    assert Smooth(SmoothSettings(ahead=5), CLIP).handle == 6
    assert Smooth(SmoothSettings(ahead=0), CLIP).handle == 2
    assert Smooth(SmoothSettings(strength=0), CLIP).handle == 0


def test_the_net_is_part_of_the_key_unless_there_is_none() -> None:
    assert Smooth(SmoothSettings(), CLIP).models == ("triplet-compact",)
    assert Smooth(SmoothSettings(model="none"), CLIP).models == ()
    assert Smooth(SmoothSettings(strength=0), CLIP).models == ()


def test_restore_keeps_its_latents_where_they_are_asked_for(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=6, shots=1)
    stages = ("detect", "restore", "smooth")
    tasks = {task.stage: task for task in tasks_of(reel, {"smooth": {"latents": "kept"}}, stages)}
    assert tasks["restore"].settings["keep_latents"] is True
    assert tasks["restore"].make_stage().made == ("frames", "latent")
    assert {entry.product for entry in tasks["smooth"].inputs} == {"frames", "motion", "latent"}
    plain = {task.stage: task for task in tasks_of(reel, {}, stages)}
    assert plain["restore"].settings["keep_latents"] is False
    assert {entry.product for entry in plain["smooth"].inputs} == {"frames", "motion"}
    without = {task.stage: task for task in tasks_of(reel, {}, ("detect", "restore"))}
    assert without["restore"].key == plain["restore"].key


def test_a_stopped_shot_goes_on_to_the_same_bytes_and_nothing_is_left(make_tiny_reel: MakeReel) -> None:
    whole, stopped = (make_tiny_reel(name, frames=14, shots=1) for name in ("whole", "stopped"))
    motion, task = tasks_of(whole, PIXELS)
    for reel in (whole, stopped):
        run_task(reel, motion, device=CPU, emit=silent)
    run_task(whole, task, device=CPU, emit=silent, cut=Cut(14, 14))
    computed: list[int] = []

    def note(event: Event) -> None:
        if isinstance(event, WindowDone):
            computed.append(event.start)

    with pytest.raises(Interrupted):
        run_task(stopped, task, device=CPU, emit=note, must_stop=lambda: len(computed) == 4, cut=Cut(2, 4))
    assert [path.name for path in states(stopped)] == ["0000004-0000008.safetensors"]
    run_task(stopped, task, device=CPU, emit=note, cut=Cut(2, 4))
    assert computed == [0, 2, 4, 6, 8, 10, 12]
    assert made(stopped, task) == made(whole, task)
    assert states(stopped) == []
    commit = read_commit(stopped.product_folder(task.stage, task.key, task.shot))
    assert commit is not None
    assert [bool(block.state) for block in commit.blocks] == [True, True, True, False]


def test_smoothed_products_are_verified_and_cleaned_as_any(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=8, shots=2)
    request = RunRequest(stages=("smooth",), settings=PIXELS)
    assert run([reel], request, ExecutorOptions(scheduler="serial")).is_complete
    assert [finding.ok for finding in verify_stages(reel)] == [True] * 4
    # A stopped attempt under other settings: its state goes with it.
    _, task, *_ = tasks_of(reel, {"smooth": {"model": "none", "strength": 0.5}})
    with pytest.raises(Interrupted):
        run_task(reel, task, device=CPU, emit=silent, must_stop=lambda: bool(states(reel)), cut=Cut(1, 1))
    assert len(states(reel)) == 1
    assert len(clean(reel).folders) == 1
    assert states(reel) == []
    assert [finding.ok for finding in verify_stages(reel)] == [True] * 4
