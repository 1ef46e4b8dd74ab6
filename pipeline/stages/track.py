"""Stage `track`: how far the picture as a whole moved from frame to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch

_LONG = 8  # restoration.stabilize_path.LONG


class TrackSettings(StageSettings):
    """Its strength has no effect."""


class Track(Stage[TrackSettings]):
    """Measure the motion of the whole picture, for `stabilize`, which sees it for all of the shot at once."""

    name: ClassVar[str] = "track"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("frames",)
    makes: ClassVar[tuple[str, ...]] = ("track",)
    settings_type: ClassVar[type[StageSettings]] = TrackSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return _LONG

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.stabilize_track import Tracker

        tracker = Tracker()

        def process(window: Window) -> Products:
            return {"track": tracker.track(window.frames, window.start - window.lead, window.core)}

        return process
