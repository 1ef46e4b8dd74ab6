from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import save_file

from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.errors import Interrupted, UsageError
from reelfix.pipeline.events import Event, WindowDone, silent
from reelfix.pipeline.executor import ExecutorOptions
from reelfix.pipeline.export import ExportRequest, export
from reelfix.pipeline.outcome import outcome_of
from reelfix.pipeline.plan import PlanRequest, Task, make_plan, with_needed
from reelfix.pipeline.products import ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.run import run
from reelfix.pipeline.runner import run_task
from reelfix.pipeline.settings import RunRequest
from reelfix.pipeline.shots import SettingsTree
from reelfix.pipeline.stage import ClipFormat
from reelfix.pipeline.stages.smooth_chroma import CARRIED, SmoothChroma, SmoothChromaSettings
from reelfix.restoration import smooth_chroma
from reelfix.restoration.colour.compact import ColourCompact, ColourShape

MakeReel = Callable[..., Reel]
CPU = torch.device("cpu")
CLIP = ClipFormat(32, 40, 1, 8, 24.0)
STAGES = ("colorize", "smooth_chroma")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> SettingsTree:
    """A small net for colour, that flutters."""
    torch.manual_seed(0)
    net = ColourCompact(ColourShape(4, (4, 4, 6, 6, 6, 8, 8), (1,) * 7, (16, 16, 12, 12), 4)).eval()
    for parameter, deviation in zip(net.head.parameters(), (0.5, 3.0), strict=True):
        torch.nn.init.normal_(parameter, std=deviation)
    path = tmp_path_factory.mktemp("nets") / "tiny.safetensors"
    save_file(net.state_dict(), path)
    return {"colorize": {"model": str(path)}}


def tasks_of(reel: Reel, settings: SettingsTree, stages: tuple[str, ...] = STAGES) -> dict[str, Task]:
    plan = make_plan(reel.source_key, reel.clip, reel.shots(), PlanRequest(stages, "", settings))
    return {task.stage: task for task in plan.tasks}


def chroma_of(reel: Reel, task: Task) -> npt.NDArray[Any]:
    store = ProductStore.open(reel.product_folder(task.stage, task.key, task.shot))
    return store.read("chroma", 0, task.shot.frame_count)


def test_the_stage_names_what_it_carries_as_the_smoother_does() -> None:
    assert CARRIED == smooth_chroma.CARRIED


def test_it_sees_the_frames_ahead_and_the_one_before() -> None:
    assert SmoothChroma(SmoothChromaSettings(ahead=5), CLIP).handle == 5
    assert SmoothChroma(SmoothChromaSettings(ahead=0), CLIP).handle == 1
    assert SmoothChroma(SmoothChromaSettings(strength=0), CLIP).handle == 0


def test_it_comes_between_colours_and_grain() -> None:
    asked = with_needed(["grain", "smooth_chroma", "colorize"])
    assert asked == ("motion", "colorize", "smooth_chroma", "grain_profile", "grain")


def test_without_colours_the_remedy_is_named() -> None:
    with pytest.raises(UsageError, match=r"reads a chroma.*: add colorize to --stages"):
        with_needed(["detect", "smooth_chroma"])


def test_other_colours_make_it_stale_and_its_own_settings_no_colours(
    make_tiny_reel: MakeReel, settings: SettingsTree
) -> None:
    reel = make_tiny_reel(frames=4, shots=1)
    plain = tasks_of(reel, settings)
    livelier = tasks_of(reel, {"colorize": {**settings["colorize"], "saturation": 1.2}})
    assert livelier["smooth_chroma"].key != plain["smooth_chroma"].key
    milder = tasks_of(reel, {**settings, "smooth_chroma": {"strength": 0.5}})
    assert milder["smooth_chroma"].key != plain["smooth_chroma"].key
    assert (
        milder["colorize"].key
        == plain["colorize"].key
        == tasks_of(reel, settings, ("colorize",))["colorize"].key
    )


def test_the_smoothed_colours_are_those_of_the_outcome_and_the_master(
    make_tiny_reel: MakeReel, settings: SettingsTree
) -> None:
    reel = make_tiny_reel(frames=6, shots=1)
    options = ExecutorOptions(scheduler="serial")
    assert run([reel], RunRequest(stages=STAGES, settings=settings), options).is_complete
    outcome = outcome_of(reel, reel.shots()[0])
    tasks = {entry.task.stage: entry.task for entry in outcome.stages}
    found = outcome.chroma(0, 6)
    assert found is not None
    np.testing.assert_array_equal(found, chroma_of(reel, tasks["smooth_chroma"]))
    assert (found != chroma_of(reel, tasks["colorize"])).any()
    masters = [reel.root.parent / name for name in ("smooth.mkv", "plain.mkv")]
    export(reel, ExportRequest(output=masters[0], codec="ffv1"), silent)
    assert run([reel], RunRequest(stages=("colorize",), settings=settings), options).is_complete
    export(reel, ExportRequest(output=masters[1], codec="ffv1"), silent)
    assert masters[0].read_bytes() != masters[1].read_bytes()


def test_a_stopped_shot_goes_on_to_the_same_bytes(make_tiny_reel: MakeReel, settings: SettingsTree) -> None:
    whole, stopped = (make_tiny_reel(name, frames=12, shots=1) for name in ("whole", "stopped"))
    *before, task = tasks_of(whole, settings).values()
    for reel in (whole, stopped):
        for earlier in before:
            run_task(reel, earlier, device=CPU, emit=silent)
    run_task(whole, task, device=CPU, emit=silent, cut=Cut(12, 12))
    computed: list[int] = []

    def note(event: Event) -> None:
        if isinstance(event, WindowDone):
            computed.append(event.start)

    with pytest.raises(Interrupted):
        run_task(stopped, task, device=CPU, emit=note, must_stop=lambda: len(computed) == 3, cut=Cut(2, 4))
    run_task(stopped, task, device=CPU, emit=note, cut=Cut(2, 4))
    assert computed == [0, 2, 4, 4, 6, 8, 10]
    np.testing.assert_array_equal(chroma_of(stopped, task), chroma_of(whole, task))
