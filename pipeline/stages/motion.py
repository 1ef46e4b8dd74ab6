"""Stage `motion`: where every point of a frame is in the next one and was in the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch


class MotionSettings(StageSettings):
    """How hard the search for motion tries; its strength has no effect."""

    iterations: int = Field(default=12, ge=1, le=64)
    """Descent steps for each patch."""


class Motion(Stage[MotionSettings]):
    """Estimate optical flow to both neighbours, with confidence; later stages share it."""

    name: ClassVar[str] = "motion"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("frames",)
    makes: ClassVar[tuple[str, ...]] = ("motion",)
    settings_type: ClassVar[type[StageSettings]] = MotionSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return 2

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.optical_flow import estimate_motion

        def process(window: Window) -> Products:
            motion = estimate_motion(window.frames, iterations=self.settings.iterations)
            return {"motion": motion[window.core]}

        return process
