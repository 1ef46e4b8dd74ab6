"""Stage `smooth`: frames held still in time, what is before and after fused along the motion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window
from reelfix.restoration.models.weights import settled

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.smooth_space import Space

COMPACT = "triplet-compact"
NO_MODEL = "none"
"""In place of a model's name: pixels are fused, not latents."""

_REFINED_FROM = 2  # frames either way that restoration.motion_refined looks at
CARRIED = ("smooth_picture", "smooth_count")  # restoration.smooth.CARRIED


class SmoothSettings(StageSettings):
    """How steady frames become; `strength` scales every change."""

    model: str = Field(default=COMPACT, min_length=1)
    """In whose latents frames are fused: `triplet-compact`, its weights' path, or `none`: as pixels."""
    reach: float = Field(default=4.0, ge=1.0, le=64.0)
    """Frames that what came before counts for, at most: 1 gives it the weight of the frame itself."""
    ahead: int = Field(default=3, ge=0, le=8)
    """Frames looked ahead."""
    keep_grain: bool = True
    """Of frames with grain, smooth only what is broader than grain: else it crawls."""
    latents: Literal["encoded", "kept"] = "encoded"
    """Whose latents: the frames', encoded anew, or those that `restore` keeps for it (2.5 MB a frame of
    640 x 480). The pictures do not differ to speak of."""
    refine_motion: bool = True
    """Seek the motion again in the frames as they are, restored, from where it is: grain led it astray."""
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    """What the net computes in; `auto` is bfloat16 where the machine is made for it."""

    @field_validator("model")
    @classmethod
    def _settled(cls, model: str) -> str:
        """Make a path absolute: the plan that keeps it is read again from other folders."""
        return settled(model)

    @property
    def wants_latents(self) -> bool:
        """Whether `restore` is to keep its latents."""
        return self.model != NO_MODEL and self.latents == "kept" and self.strength > 0


class Smooth(Stage[SmoothSettings]):
    """Fuse every frame with what came before in the shot, and with what comes next, by confidence."""

    name: ClassVar[str] = "smooth"
    version: ClassVar[int] = 3
    reads: ClassVar[tuple[str, ...]] = ("frames", "motion")
    may_read: ClassVar[tuple[str, ...]] = ("latent",)
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    takes_grain: ClassVar[bool] = True
    carries: ClassVar[tuple[str, ...]] = CARRIED
    settings_type: ClassVar[type[StageSettings]] = SmoothSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        settings = self.settings
        if settings.strength == 0:
            return 0
        if not settings.refine_motion:
            return settings.ahead
        # The last flow ahead begins at `ahead - 1`; what is refined depends on frames two farther.
        return max(settings.ahead - 1, 0) + _REFINED_FROM

    @property
    def asks(self) -> Mapping[str, Mapping[str, Any]]:
        """Ask `restore` for its latents, where they are wanted."""
        return {"restore": {"keep_latents": True}} if self.settings.wants_latents else {}

    @property
    def models(self) -> tuple[str, ...]:
        """The net's name or path, where there is one."""
        settings = self.settings
        return () if settings.model == NO_MODEL or settings.strength == 0 else (settings.model,)

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window; raises ModelError for a net that cannot be had."""
        settings = self.settings
        if settings.strength == 0:
            return _as_they_are
        from reelfix.restoration.fusion import Reach
        from reelfix.restoration.motion_refined import refined_motion
        from reelfix.restoration.smooth import Smoother

        smoother = Smoother(
            self._space(device),
            reach=Reach(settings.reach, settings.ahead),
            strength=settings.strength,
            keeps_grain=settings.keep_grain,
        )

        def process(window: Window) -> Products:
            latents = window.products.get("latent") if settings.wants_latents else None
            motion = window.products["motion"]
            if settings.refine_motion:
                motion = refined_motion(window.frames, motion)
            frames, carried = smoother.smooth(window.frames, motion, window.core, window.carried, latents)
            return {"frames": frames, **carried}

        return process

    def _space(self, device: torch.device) -> Space:
        from reelfix.restoration.smooth_space import PixelSpace, open_latent_space

        if self.settings.model == NO_MODEL:
            return PixelSpace()
        return open_latent_space(self.settings.model, device, self.settings.precision)


def _as_they_are(window: Window) -> Products:
    import torch

    return {"frames": window.frames[window.core], **dict.fromkeys(CARRIED, torch.zeros(0))}
