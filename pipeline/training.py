"""Training: from what the user asks for to runs of the trainer, one building on the other."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.training_configs import RunConfig, assigned, chain, default_config, load_config
from reelfix.pipeline.training_data import gather, weights_digest
from reelfix.restoration.models.weights import find_weights, is_path
from reelfix.restoration.training.configuration import Configuration, Materials, RunSettings, WeightFiles
from reelfix.restoration.training.events import EmitTraining, TrainingNotice
from reelfix.restoration.training.export import export_run
from reelfix.restoration.training.registry import configuration
from reelfix.restoration.training.report import TrainingReport
from reelfix.restoration.training.schedule import step_seed
from reelfix.restoration.training.trainer import Trainer


@dataclass(frozen=True)
class TrainingRequest:
    """What the user asked for."""

    task: str
    output: Path
    """Folder of runs: each lies in `<task>-<configuration>` there."""
    config: str | None = None
    """A configuration's name or file; None: the default, or where the mapping gets real film, adaptation."""
    data: tuple[Path, ...] = ()
    real: tuple[Path, ...] = ()
    minutes: float | None = None
    """For all the runs together."""
    device: str | None = None
    """None: a GPU where there is one."""
    workers: int | None = None
    """None: as the configuration has it, else as many as there are spare processors, up to 4."""
    assignments: tuple[str, ...] = ()
    """Of the task named; those of `weights` also of the runs before it, for which `<task>.` stands before."""


def train(request: TrainingRequest, emit: EmitTraining) -> list[TrainingReport]:
    """Run what was asked for, or go on with it; returns a report for each run that was begun.

    Raises UsageError or TrainingError where it cannot be carried out as worded.
    """
    deadline = None if request.minutes is None else time.monotonic() + 60 * request.minutes
    reports: list[TrainingReport] = []
    for config in planned(request):
        left = None if deadline is None else (deadline - time.monotonic()) / 60
        if left is not None and left <= 0:
            break
        reports.append(make_trainer(config, request, emit).run(left))
        if not reports[-1].is_finished or reports[-1].was_stopped:
            break
    return reports


def export(request: TrainingRequest, target: Path) -> int:
    """Write the weights of the run asked for as its last checkpoint has them; return the checkpoint's step.

    Raises UsageError where `target` exists, TrainingDataError where the run has no checkpoint.
    """
    if target.exists():
        raise UsageError(f"{target} exists. Name another file, or move it out of the way.")
    return export_run(request.output / planned(request)[-1].folder_name, target)


def planned(request: TrainingRequest) -> list[RunConfig]:
    """Return the runs to make, in their order; raises UsageError for real film that none of them looks at."""
    own = load_config(request.task, request.config or default_config(request.task, adapt=bool(request.real)))
    configs = assigned(chain(own), request.assignments)
    if request.real and not any(configuration(run.task, run.model).wants_real for run in configs):
        raise UsageError(
            f"{request.task} with the configuration {own.name!r} does not look at real film. Leave --real "
            "away, or name another configuration with --config."
        )
    return configs


def make_trainer(config: RunConfig, request: TrainingRequest, emit: EmitTraining) -> Trainer:
    """Make the trainer of one run, its data gathered and its nets built."""
    kind = configuration(config.task, config.model)
    settings = _with_workers(config, request.workers)
    run = request.output / config.folder_name
    weights = _weights(config, kind, settings.weights, request.output)
    gathered = gather(
        request.data, request.real, kind, settings.data, run=run, cache=request.output / "frames"
    )
    device = torch.device(request.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    torch.manual_seed(step_seed(settings.training.seed, 0, "weights"))
    materials = Materials(
        prepared=gathered.prepared,
        train=gathered.split.train,
        validation=gathered.split.validation,
        real=gathered.real,
        weights=weights,
        device=device,
    )
    built = kind.build(settings, materials)
    for notice in built.notices:
        emit(TrainingNotice(built.recipe.name, 0, notice))
    return Trainer(
        built.recipe,
        built.source,
        settings.training,
        run,
        device,
        emit=emit,
        described=_described(config, settings, weights),
        digest=gathered.digest,
    )


def _with_workers(config: RunConfig, workers: int | None) -> RunSettings:
    settings = config.settings()
    if workers is None and "workers" in settings.training.model_fields_set:
        return settings
    if workers is None:
        workers = min(4, max(1, (os.cpu_count() or 2) - 1))
    return settings.model_copy(update={"training": settings.training.model_copy(update={"workers": workers})})


def _described(config: RunConfig, settings: RunSettings, weights: Mapping[str, Path]) -> dict[str, Any]:
    sections = settings.model_dump(mode="json", exclude={"training"})
    return {
        "task": config.task,
        "model": config.model,
        **sections,
        "weights": {name: weights_digest([path]) for name, path in weights.items()},
    }


def _weights(config: RunConfig, kind: Configuration, named: WeightFiles, output: Path) -> dict[str, Path]:
    """Find the files of weights that a run builds on, by `domain_a`, `domain_b`, `start`, `vgg16`."""
    found = {name: _file(name, value) for name, value in named.model_dump().items() if value}
    for task in kind.needs:
        name = task.replace("-", "_")
        if name not in found:
            found[name] = _finished(output / f"{task}-{config.name}", task, config.name)
    return found


def _file(name: str, value: str) -> Path:
    """Return a path as it was named, or the shipped weights of that name, proved against their card."""
    if is_path(value):
        if not Path(value).exists():
            raise UsageError(f"weights.{name} = {value}: there is no such file. Check the name.")
        return Path(value)
    weights = find_weights(value)
    weights.read()
    return weights.path


def _finished(run: Path, task: str, name: str) -> Path:
    written = sorted(run.glob("*.safetensors"))
    if len(written) != 1:
        state = "is not finished" if run.exists() else "was not begun"
        raise UsageError(
            f"this builds on {task}, and {run} {state}. Run `reelfix train {task} --config {name}` first, or "
            f"name its weights with --set weights.{task.replace('-', '_')}=PATH."
        )
    return written[0]
