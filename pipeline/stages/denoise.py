"""Stage `denoise`: grain and noise taken out along the motion."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch


class DenoiseSettings(StageSettings):
    """How much of the grain is taken out: at strength 1 nearly all, which is more than most archives want."""

    radius: int = Field(default=5, ge=1, le=12)
    """Frames before and after that are averaged with a frame, where they show the same."""


class Denoise(Stage[DenoiseSettings]):
    """Average each place with the frames that show it anew; what noise is left is shrunk within the frame."""

    name: ClassVar[str] = "denoise"
    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, ...]] = ("frames", "motion")
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    takes_grain: ClassVar[bool] = True
    settings_type: ClassVar[type[StageSettings]] = DenoiseSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return self.settings.radius if self.settings.strength > 0 else 0

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.denoise import denoise

        def process(window: Window) -> Products:
            frames = denoise(
                window.frames,
                window.products["motion"],
                window.core,
                radius=self.settings.radius,
                strength=self.settings.strength,
            )
            return {"frames": frames}

        return process
