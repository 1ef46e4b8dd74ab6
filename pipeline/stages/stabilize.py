"""Stage `stabilize`: gate weave taken out, the camera's own motion kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.stabilize import Correction


class StabilizeSettings(StageSettings):
    """What is moved back, how far at most, and what stands at the edges then."""

    rotation: bool = Field(default=False)
    """Take out turns as well."""
    scale: bool = Field(default=False)
    """Take out breathing magnification as well."""
    limit: float = Field(default=0.015, gt=0.0, le=0.2)
    """No frame is moved further than this share of the picture's width."""
    edge: Literal["source", "mirror", "crop"] = Field(default="mirror")
    """What stands where a moved frame leaves the picture bare: what the frame itself had there, the picture
    mirrored, or nothing: the whole shot is magnified just enough."""
    rim: int = Field(default=2, ge=0, le=64)
    """Pixels along the scan's edges that may be no picture: the dark line of a gate, a telecine's edge."""
    crop_margin: float | None = Field(default=None, ge=0.0, le=0.2)
    """With edge = "crop": what is cut off on either side, as a share of the width; by default what hides
    the largest correction of the shot."""


class Stabilize(Stage[StabilizeSettings]):
    """Move every frame back to the camera's own path, which follows from the track of the whole shot."""

    name: ClassVar[str] = "stabilize"
    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, ...]] = ("frames", "track")
    reads_whole: ClassVar[tuple[str, ...]] = ("track",)
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    settings_type: ClassVar[type[StageSettings]] = StabilizeSettings

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.stabilize import corrections_of, crop_zoom, stabilize
        from reelfix.restoration.stabilize_track import steps_of

        settings, clip = self.settings, self.clip
        if settings.strength == 0:
            return lambda window: {"frames": window.frames[window.core].clone()}
        limit = settings.limit
        if settings.edge == "crop" and settings.crop_margin is not None:
            limit = min(limit, settings.crop_margin)
        found: list[tuple[list[Correction], float]] = []

        def of_shot(window: Window) -> tuple[list[Correction], float]:
            # The same for every window: the track is the shot's.
            if not found:
                corrections = corrections_of(
                    steps_of(window.products["track"]),
                    clip.width,
                    limit=limit,
                    strength=settings.strength,
                    rotation=settings.rotation,
                    zoom=settings.scale,
                )
                zoom = 1.0
                if settings.edge == "crop":
                    zoom = crop_zoom(corrections, clip.height, clip.width, settings.crop_margin, settings.rim)
                found.append((corrections, zoom))
            return found[0]

        def process(window: Window) -> Products:
            corrections, zoom = of_shot(window)
            frames = stabilize(
                window.frames[window.core],
                corrections[window.start : window.stop],
                edge=settings.edge,
                zoom=zoom,
                rim=settings.rim,
            )
            return {"frames": frames}

        return process
