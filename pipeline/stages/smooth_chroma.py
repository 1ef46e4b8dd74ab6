"""Stage `smooth_chroma`: colours held still in time, what is before and after fused along the motion."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch

CARRIED = ("chroma_past", "chroma_count")  # restoration.smooth_chroma.CARRIED


class SmoothChromaSettings(StageSettings):
    """How steady colours become; `strength` scales every change."""

    reach: float = Field(default=16.0, ge=1.0, le=64.0)
    """Frames that what came before counts for, at most: 1 gives it no weight at all."""
    ahead: int = Field(default=6, ge=0, le=16)
    """Frames looked ahead."""


class SmoothChroma(Stage[SmoothChromaSettings]):
    """Fuse the chroma of every frame with what came before in the shot, and with what comes next."""

    name: ClassVar[str] = "smooth_chroma"
    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, ...]] = ("frames", "motion", "chroma")
    makes: ClassVar[tuple[str, ...]] = ("chroma",)
    carries: ClassVar[tuple[str, ...]] = CARRIED
    settings_type: ClassVar[type[StageSettings]] = SmoothChromaSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        # What is carried is compared by the luma of the frame it comes from: the one before.
        return max(self.settings.ahead, 1) if self.settings.strength > 0 else 0

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        settings, clip = self.settings, self.clip
        if settings.strength == 0:
            return _as_it_is
        from reelfix.restoration.fusion import Reach
        from reelfix.restoration.smooth_chroma import ChromaSmoother

        smoother = ChromaSmoother(
            reach=Reach(settings.reach, settings.ahead),
            strength=settings.strength,
            weights=(clip.red_weight, clip.blue_weight),
            tones=(clip.black, clip.white),
        )

        def process(window: Window) -> Products:
            products = window.products
            chroma, carried = smoother.smooth(
                window.frames, products["chroma"], products["motion"], window.core, window.carried
            )
            return {"chroma": chroma, **carried}

        return process


def _as_it_is(window: Window) -> Products:
    import torch

    return {"chroma": window.products["chroma"][window.core], **dict.fromkeys(CARRIED, torch.zeros(0))}
