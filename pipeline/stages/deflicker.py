"""Stage `deflicker`: flicker taken out, of the whole picture by tone curves, and from place to place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch


class DeflickerSettings(StageSettings):
    """How far flicker is taken out, and against how long a reference."""

    radius: int = Field(default=16, ge=1, le=24)
    """Frames before and after that a frame's light is compared with."""


class Deflicker(Stage[DeflickerSettings]):
    """Bring each frame's light to that of its neighbours in time; fades and switched lamps stay."""

    name: ClassVar[str] = "deflicker"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("frames",)
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    settings_type: ClassVar[type[StageSettings]] = DeflickerSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return self.settings.radius if self.settings.strength > 0 else 0

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.deflicker import LightLog, deflicker

        log = LightLog()

        def process(window: Window) -> Products:
            frames = deflicker(
                window.frames,
                window.core,
                radius=self.settings.radius,
                strength=self.settings.strength,
                start=window.start - window.lead,
                log=log,
            )
            return {"frames": frames}

        return process
