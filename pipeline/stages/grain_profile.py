"""Stage `grain_profile`: the grain that a shot has, and what restoration took of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch

_MEASURED = 32
"""Frames of a shot that are measured, about."""


class GrainProfileSettings(StageSettings):
    """Its strength has no effect."""


class GrainProfile(Stage[GrainProfileSettings]):
    """Measure the grain of a shot, for `grain`, which sees it for all of the shot at once."""

    name: ClassVar[str] = "grain_profile"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("frames", "grainy", "motion")
    may_read: ClassVar[tuple[str, ...]] = ("mask",)
    makes: ClassVar[tuple[str, ...]] = ("grain_profile",)
    settings_type: ClassVar[type[StageSettings]] = GrainProfileSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return 1

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.grain_frames import measured

        def process(window: Window) -> Products:
            every = max(window.shot_frames // _MEASURED, 1)
            wanted = [t % every == 0 for t in range(window.start, window.stop)]
            return {
                "grain_profile": measured(
                    window.frames,
                    window.products["grainy"],
                    window.products.get("mask"),
                    window.products["motion"],
                    window.core,
                    wanted,
                )
            }

        return process
