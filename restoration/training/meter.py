"""What is measured between two rows of the loss table."""

import os
from collections.abc import Mapping
from typing import Any

import psutil
import torch

from reelfix.restoration.training.errors import TrainingFailed


class Meter:
    """Means of losses and times; losses are summed where they are, so that no GPU is waited for."""

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor] = {}
        self._counts: dict[str, int] = {}
        self._steps = 0
        self._seconds = 0.0
        self._waited = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added."""
        return self._steps == 0

    def add(self, losses: Mapping[str, torch.Tensor], seconds: float, waited: float) -> None:
        """Add a step: its losses, how long it took, and how much of that was waiting for the batch."""
        for name, loss in losses.items():
            value = loss.detach().float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
            self._counts[name] = self._counts.get(name, 0) + 1
        self._steps += 1
        self._seconds += seconds
        self._waited += waited

    def losses(self) -> dict[str, float]:
        """Return the means; raises TrainingFailed where one is not finite."""
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        for name, mean in means.items():
            if not -float("inf") < mean < float("inf"):
                raise TrainingFailed(
                    f"the loss {name!r} became {mean}: losses must be finite. Begin again in "
                    "another folder with a lower learning rate; the last checkpoint is of before."
                )
        return means

    @property
    def step_seconds(self) -> float:
        """Mean time of a step."""
        return self._seconds / max(self._steps, 1)

    @property
    def starvation(self) -> float:
        """Share of the time that went into waiting for batches, in [0, 1]."""
        return min(self._waited / self._seconds, 1.0) if self._seconds > 0 else 0.0

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "sums": dict(self._sums),
            "counts": dict(self._counts),
            "steps": self._steps,
            "seconds": self._seconds,
            "waited": self._waited,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], device: torch.device) -> "Meter":
        """Make the meter again of what `state` returned."""
        meter = cls()
        meter._sums = {name: total.to(device) for name, total in state["sums"].items()}
        meter._counts = dict(state["counts"])
        meter._steps = state["steps"]
        meter._seconds = state["seconds"]
        meter._waited = state["waited"]
        return meter


class Utilisation:
    """How busy the device was since it was last asked, in [0, 1]."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._seconds = _processor_seconds()

    def share(self, elapsed_seconds: float) -> float | None:
        """Return the GPU's own figure, or the share of its processors that this run used.

        None where the GPU's cannot be read (NVML's Python package is not installed).
        """
        if self._device.type == "cuda":
            try:
                return torch.cuda.utilization(self._device) / 100
            except (ModuleNotFoundError, RuntimeError):
                return None
        before, self._seconds = self._seconds, _processor_seconds()
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if elapsed_seconds <= 0:
            return None
        return min(max(self._seconds - before, 0.0) / (elapsed_seconds * usable), 1.0)


def _processor_seconds() -> float:
    """Return the processor time of this process and of its workers."""
    process = psutil.Process()
    total = 0.0
    for each in [process, *process.children()]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
