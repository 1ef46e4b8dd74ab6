"""TensorBoard, where it is installed."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


class Board:
    """A writer of TensorBoard's event files; writes nothing where TensorBoard is not installed."""

    def __init__(self, folder: Path, at_step: int) -> None:
        try:
            module = importlib.import_module("torch.utils.tensorboard")
        except ImportError:
            self._writer: Any = None
        else:
            self._writer = module.SummaryWriter(str(folder), purge_step=at_step)

    def numbers(self, group: str, values: Mapping[str, float | None], step: int) -> None:
        """Write numbers under `group/name`."""
        for name, value in values.items():
            if self._writer is not None and value is not None:
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def picture(self, name: str, picture: torch.Tensor, step: int) -> None:
        """Write a picture: float (C, H, W) in [0, 1]."""
        if self._writer is not None:
            self._writer.add_image(name, picture, step)

    def close(self) -> None:
        """Force to disk what was written."""
        if self._writer is not None:
            self._writer.close()
