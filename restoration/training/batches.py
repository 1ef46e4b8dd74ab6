"""Batches in the order of their steps, made ahead by worker processes."""

import multiprocessing
import signal
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from reelfix.restoration.training.recipe import Batch, Source
from reelfix.restoration.training.schedule import step_seed
from reelfix.restoration.training.settings import TrainingSettings


class BatchStream:
    """The batches of the steps from `start` on; workers begin at once, and end with `close`."""

    def __init__(self, source: Source, settings: TrainingSettings, start: int, device: torch.device) -> None:
        workers = settings.workers
        # Forked, where there is forking: clips that lie in memory are then shared, not copied.
        methods = multiprocessing.get_all_start_methods()
        self._device = device
        self._loader: DataLoader[Batch] = DataLoader(
            _Steps(source, settings.seed),
            batch_size=None,
            sampler=range(start, settings.steps),
            num_workers=workers,
            prefetch_factor=settings.prefetch if workers else None,
            collate_fn=_as_it_is,
            worker_init_fn=_settle_worker if workers else None,
            pin_memory=device.type == "cuda",
            multiprocessing_context="fork" if workers and "fork" in methods else None,
        )
        self._batches: Iterator[Batch] | None = iter(self._loader)

    def next(self) -> tuple[Batch, float]:
        """Return the next batch, on the device, and the seconds the nets stood idle for want of it."""
        if self._batches is None:
            raise RuntimeError("the stream of batches is closed")
        began = time.monotonic()
        batch = next(self._batches)
        waited = time.monotonic() - began
        if self._device.type == "cuda":
            # With work still queued on the GPU, waiting cost nothing.
            waited = waited if torch.cuda.current_stream(self._device).query() else 0.0
        moved = {name: tensor.to(self._device, non_blocking=True) for name, tensor in batch.items()}
        return moved, waited

    def close(self) -> None:
        """End the workers; there are no more batches."""
        self._batches = None


class _Steps(Dataset[Batch]):
    """A source, seen as torch's loader sees a set: step number -> batch."""

    def __init__(self, source: Source, seed: int) -> None:
        self._source = source
        self._seed = seed

    def __getitem__(self, step: int) -> Batch:
        # A source that draws from torch's own generator gives the same batch in any process.
        torch.manual_seed(step_seed(self._seed, step, "batch"))
        return self._source.batch(step)


def _as_it_is(batch: Any) -> Any:
    return batch


def _settle_worker(number: int) -> None:
    """Leave Ctrl-C and SIGTERM to the trainer, which ends the workers after its checkpoint."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
