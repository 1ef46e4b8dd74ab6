"""Stage `motion`: where every point of a frame is in the next one and was in the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window
from reelfix.restoration.models.weights import is_path, settled

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.raft_flow import RaftFlow

DIS = "dis"
"""In place of a model's path: dense inverse search, which needs no weights."""


class MotionSettings(StageSettings):
    """How hard the search for motion tries; its strength has no effect."""

    iterations: int = Field(default=12, ge=1, le=64)
    """Descent steps for each patch; with a net, how often it updates the flow."""
    model: str = Field(default=DIS, min_length=1)
    """`dis`, dense inverse search, or the path of weights of torchvision's RAFT, small or large: a search by
    a net, slow without a GPU, and not measured on film against `dis`."""

    @field_validator("model")
    @classmethod
    def _settled(cls, model: str) -> str:
        """Make a path absolute: the plan that keeps it is read again from other folders."""
        if model != DIS and not is_path(model):
            raise ValueError("it must be dis, or the path of RAFT's weights, with a folder or a suffix")
        return settled(model)


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

    @property
    def models(self) -> tuple[str, ...]:
        """The path of the net, where there is one."""
        return () if self.settings.model == DIS else (self.settings.model,)

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window; raises ModelError for a net that cannot be had."""
        from reelfix.restoration.optical_flow import estimate_motion

        iterations = self.settings.iterations
        search = self._net(device, iterations) if self.models else None

        def process(window: Window) -> Products:
            motion = estimate_motion(window.frames, iterations=iterations, search=search)
            return {"motion": motion[window.core]}

        return process

    def _net(self, device: torch.device, iterations: int) -> RaftFlow:
        from reelfix.restoration.raft_flow import load_raft

        return load_raft(self.settings.model, device, iterations=iterations)
