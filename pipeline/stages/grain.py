"""Stage `grain`: the film's own grain given back after restoration."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.grain import GrainGiver


class GrainSettings(StageSettings):
    """How much of the grain that restoration took is given back."""

    strength: float = Field(default=0.7, ge=0.0, le=1.0)
    """0 leaves the picture as restored, 1 gives it all of the film's grain."""


class Grain(Stage[GrainSettings]):
    """Lay the film's own grain over the restored picture; where that was damaged, grain of the same kind."""

    name: ClassVar[str] = "grain"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("frames", "grainy", "grain_profile")
    reads_whole: ClassVar[tuple[str, ...]] = ("grain_profile",)
    may_read: ClassVar[tuple[str, ...]] = ("mask",)
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    settings_type: ClassVar[type[StageSettings]] = GrainSettings

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.grain import GrainGiver
        from reelfix.restoration.grain_frames import shot_profile

        if self.settings.strength == 0:
            return lambda window: {"frames": window.frames[window.core].clone()}
        found: list[GrainGiver | None] = []

        def of_shot(window: Window) -> GrainGiver | None:
            # The same for every window: the profile is the shot's.
            if not found:
                profile = shot_profile(window.products["grain_profile"], self.clip.channels)
                found.append(None if profile is None else GrainGiver(profile, self.settings.strength))
            return found[0]

        def process(window: Window) -> Products:
            giver, core = of_shot(window), window.core
            if giver is None:
                return {"frames": window.frames[core].clone()}
            mask = window.products.get("mask")
            frames = giver.give(
                window.frames[core],
                window.products["grainy"][core],
                None if mask is None else mask[core],
                window.start,
            )
            return {"frames": frames}

        return process
