"""The trainer: runs a recipe to the step, whatever stops it in between."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn

from reelfix.restoration.training.average import WeightAverage
from reelfix.restoration.training.batches import BatchStream
from reelfix.restoration.training.checkpoint import Checkpoints
from reelfix.restoration.training.events import (
    EmitTraining,
    FileWritten,
    LossesLogged,
    StepTaken,
    TrainingNotice,
    TrainingStarted,
    Validated,
    unheard,
)
from reelfix.restoration.training.export import metadata, write_weights, written_step
from reelfix.restoration.training.meter import Meter, Utilisation
from reelfix.restoration.training.recipe import Recipe, Source
from reelfix.restoration.training.records import Records
from reelfix.restoration.training.report import TrainingReport
from reelfix.restoration.training.run_folder import RunFolder
from reelfix.restoration.training.run_state import snapshot, take_up
from reelfix.restoration.training.schedule import rate_scale, step_seed
from reelfix.restoration.training.settings import TrainingSettings
from reelfix.restoration.training.stop_request import Stopped, StopRequest


class Trainer:
    """Runs a recipe on a source's batches, in a folder that it goes on from.

    Killed anywhere, the next `run` in the same folder takes up the last checkpoint. On the CPU, and with the
    same number of threads, its weights are then bit for bit those of a run that was never stopped: batches
    and draws are functions of the seed and the step, and a checkpoint holds all the rest.
    """

    def __init__(
        self,
        recipe: Recipe,
        source: Source,
        settings: TrainingSettings,
        folder: Path | str,
        device: torch.device | str = "cpu",
        *,
        emit: EmitTraining = unheard,
        described: Mapping[str, Any] | None = None,
        digest: str = "",
    ) -> None:
        """Prepare a run; nothing is read or written before `run` or `export`.

        `described`: settings of the recipe and of the data, by section, kept beside the trainer's own and
        compared when the run goes on. `digest`: of the data, likewise.
        """
        self.recipe, self.source, self.settings = recipe, source, settings
        self.device = torch.device(device)
        self.step = 0
        self._folder = RunFolder(Path(folder))
        self._checkpoints = Checkpoints(Path(folder))
        self._emit = emit
        self._content = {
            "recipe_name": recipe.name,
            "data_digest": digest,
            "training": settings.model_dump(mode="json"),
            **(described or {}),
        }
        for module in recipe.modules.values():
            module.to(self.device)
            module.to(memory_format=torch.channels_last)
        self._rates = {
            name: [float(group["lr"]) for group in optimizer.param_groups]
            for name, optimizer in recipe.optimizers.items()
        }
        shipped = {name: recipe.modules[name] for name in recipe.shipped}
        self._average = WeightAverage(shipped, settings.average) if settings.average > 0 else None
        self._meter = Meter()
        self._is_restored = False
        self._saved_step = -1

    def run(self, minutes: float | None = None) -> TrainingReport:
        """Take the steps that are missing; stop with a checkpoint after `minutes`, or on Ctrl-C or SIGTERM.

        Raises TrainingError where the folder holds a run with other settings or another process trains in
        it; TrainingFailed where a loss is no longer finite.
        """
        began = time.monotonic()
        deadline = None if minutes is None else began + 60 * minutes
        with self._folder.held(), StopRequest() as stop:
            self._folder.settle(self._content, self._checkpoints.last_step)
            self._restore()
            records = Records(self._folder.path, self.step)
            self._emit(
                TrainingStarted(self.recipe.name, self.step, self.settings.steps, str(self._folder.path))
            )
            with suppress(Stopped):  # raised between steps alone: the weights are whole
                self._go_on(records, stop, deadline)
            self._save()
            weights = self._finish(records) if self.step >= self.settings.steps else None
            records.close()
        return TrainingReport(
            name=self.recipe.name,
            folder=self._folder.path,
            step=self.step,
            steps=self.settings.steps,
            was_stopped=stop.is_made,
            seconds=time.monotonic() - began,
            losses=_last_row(records.losses.rows),
            validation=_last_row(records.validation.rows),
            weights=weights,
        )

    def export(self, path: Path | None = None) -> Path:
        """Write the shipped weights as they are now: averaged, keys `module.parameter`; return where.

        By default `<recipe's name>.safetensors` in the run's folder.
        """
        if not self._is_restored:
            self._restore()
        target = path if path is not None else self._weights_path
        modules = self._present()
        shipped = {name: modules[name].state_dict() for name in self.recipe.shipped}
        target.parent.mkdir(parents=True, exist_ok=True)
        write_weights(target, shipped, metadata(self._content, self.step))
        self._emit(FileWritten(self.recipe.name, self.step, "weights", str(target)))
        return target

    @property
    def _weights_path(self) -> Path:
        return self._folder.path / f"{self.recipe.name}.safetensors"

    def _go_on(self, records: Records, stop: StopRequest, deadline: float | None) -> None:
        batches = BatchStream(self.source, self.settings, self.step, self.device)
        try:
            self._look(records, stop)  # what was due when the run was stopped
            utilisation, row_began = Utilisation(self.device), time.monotonic()
            saved_at = time.monotonic()
            while self.step < self.settings.steps and not stop.is_made:
                self._take_step(batches, stop)
                if self.step % self.settings.log_every == 0:
                    self._log(records, utilisation.share(time.monotonic() - row_began))
                    row_began = time.monotonic()
                self._look(records, stop)
                if time.monotonic() - saved_at >= 60 * self.settings.checkpoint_minutes:
                    self._save()
                    saved_at = time.monotonic()
                # After the step: however short its time, a run gets on.
                if deadline is not None and time.monotonic() >= deadline:
                    break
        finally:
            batches.close()

    def _take_step(self, batches: BatchStream, stop: StopRequest) -> None:
        began = time.monotonic()
        with stop.obeyed_at_once():
            batch, waited = batches.next()
        scale = rate_scale(self.settings, self.step)
        for name, optimizer in self.recipe.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._rates[name], strict=True):
                group["lr"] = rate * scale
        torch.manual_seed(step_seed(self.settings.seed, self.step, "step"))
        with self._precision():
            losses = self.recipe.step(batch, self.step)
        self.step += 1
        if self._average is not None:
            self._average.update(self.step)
        self._meter.add(losses, time.monotonic() - began, waited)
        self._emit(StepTaken(self.recipe.name, self.step, self.settings.steps))

    def _precision(self) -> torch.autocast:
        # Without the cache of cast weights: it would outlive an optimizer's step within the recipe's.
        return torch.autocast(
            self.device.type,
            dtype=torch.bfloat16,
            enabled=self.settings.precision == "bfloat16",
            cache_enabled=False,
        )

    def _log(self, records: Records, utilisation: float | None) -> None:
        losses, meter = self._meter.losses(), self._meter
        rate = rate_scale(self.settings, self.step - 1)
        records.log(
            self.step,
            losses,
            {
                "rate": rate,
                "step_seconds": meter.step_seconds,
                "starvation": meter.starvation,
                "utilisation": utilisation,
            },
        )
        self._emit(
            LossesLogged(
                self.recipe.name, self.step, losses, rate, meter.step_seconds, meter.starvation, utilisation
            )
        )
        self._meter = Meter()

    def _look(self, records: Records, stop: StopRequest) -> None:
        """Validate and draw examples, where that is due and not done."""
        if self._is_due(self.settings.validate_every) and records.validation.last_step < self.step:
            with stop.obeyed_at_once(), self._measuring() as modules:
                values = self.recipe.validate(modules)
            if values:
                records.validated(self.step, values)
                self._emit(Validated(self.recipe.name, self.step, values))
            self._draw_curves(records)
        if self._is_due(self.settings.samples_every) and not records.samples_path(self.step).exists():
            with stop.obeyed_at_once(), self._measuring() as modules:
                grid = self.recipe.samples(modules)
            path = records.write_samples(self.step, grid)
            self._emit(FileWritten(self.recipe.name, self.step, "samples", str(path)))

    def _is_due(self, every: int) -> bool:
        is_last = self.step == self.settings.steps
        return is_last or (every > 0 and self.step > 0 and self.step % every == 0)

    @contextmanager
    def _measuring(self) -> Iterator[Mapping[str, nn.Module]]:
        """Within: all modules measure and none learns; the draws are the same every time."""
        modules = self._present()
        for module in modules.values():
            module.eval()
        torch.manual_seed(step_seed(self.settings.seed, 0, "validation"))
        try:
            with torch.no_grad(), self._precision():
                yield modules
        finally:
            for module in self.recipe.modules.values():
                module.train()

    def _present(self) -> dict[str, nn.Module]:
        averaged = self._average.modules if self._average is not None else {}
        return {**self.recipe.modules, **averaged}

    def _draw_curves(self, records: Records) -> None:
        path = records.write_curves()
        if path is not None:
            self._emit(FileWritten(self.recipe.name, self.step, "curves", str(path)))

    def _finish(self, records: Records) -> Path:
        self._draw_curves(records)
        target = self._weights_path
        # What builds on these weights knows them by their digest: they are not written anew.
        return target if written_step(target) == self.step else self.export()

    def _save(self) -> None:
        """Write a checkpoint of this step, unless there is one; never of weights that are not finite."""
        self._meter.losses()
        if self.step == self._saved_step:
            return
        path = self._checkpoints.save(self.step, snapshot(self.recipe, self._average, self._meter, self.step))
        self._saved_step = self.step
        self._emit(FileWritten(self.recipe.name, self.step, "checkpoint", str(path)))

    def _restore(self) -> None:
        """Take up the newest whole checkpoint; without one, begin."""
        content, damaged = self._checkpoints.load()
        for path in damaged:
            self._emit(
                TrainingNotice(
                    self.recipe.name,
                    self.step,
                    f"{path} is damaged and passed over; remove it, or check the disk.",
                )
            )
        self._is_restored = True
        for module in self.recipe.modules.values():
            module.train()
        if content is None:
            return
        take_up(content, self.recipe, self._average)
        self.step = self._saved_step = content["step"]
        self._meter = Meter.from_state(content["meter"], self.device)


def _last_row(rows: list[dict[str, float]]) -> dict[str, float]:
    return dict(rows[-1]) if rows else {}
