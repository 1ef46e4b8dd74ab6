"""Stage `restore`: what the mask marks is filled from neighbouring frames; all else keeps its bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch

_REACH = 5  # restoration.neighbours.REACH, and one more, which tells whether the last is a blend


class RestoreSettings(StageSettings):
    """How far what is filled in replaces what was there."""


class Restore(Stage[RestoreSettings]):
    """Repair structured damage from the frames that show what it hides."""

    name: ClassVar[str] = "restore"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("frames", "mask", "motion")
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    settings_type: ClassVar[type[StageSettings]] = RestoreSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return _REACH if self.settings.strength > 0 else 0

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.restore import restore_damage

        def process(window: Window) -> Products:
            frames = restore_damage(
                window.frames,
                window.products["mask"],
                window.products["motion"],
                window.core,
                strength=self.settings.strength,
                start=window.start - window.lead,
            )
            return {"frames": frames}

        return process
