"""Stage `detect`: dirt and running scratches, as a probability per pixel and class."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window

if TYPE_CHECKING:
    import torch

_REACH = 4  # restoration.neighbours.REACH
_RUNNING_REACH = 8  # restoration.running_damage.REACH

_DIRT_WEIGHTS = ("dirt",)
_SCRATCH_WEIGHTS = ("scratch", "hairs")
_NET = "detector"


class DetectSettings(StageSettings):
    """What is looked for. With strength 0.5, damage must stand out twice as far to be found."""

    dirt: bool = Field(default=True)
    """Look for dirt, dust, blotches and hairs."""
    scratches: bool = Field(default=True)
    """Look for running scratches, and hairs stuck in the gate."""
    model: Literal["detector", "none"] = Field(default="detector")
    """The net that weighs what is found; `none`: what is found without one."""


class Detect(Stage[DetectSettings]):
    """Find what is on one frame and on neither neighbour, and lines that run through many frames."""

    name: ClassVar[str] = "detect"
    version: ClassVar[int] = 3
    reads: ClassVar[tuple[str, ...]] = ("frames", "motion")
    may_read: ClassVar[tuple[str, ...]] = ("user_mask",)
    makes: ClassVar[tuple[str, ...]] = ("mask",)
    settings_type: ClassVar[type[StageSettings]] = DetectSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        if self.settings.strength == 0:
            return 0
        return _RUNNING_REACH if self.settings.scratches or self._has_net else _REACH

    @property
    def models(self) -> tuple[str, ...]:
        """The judges and the net; they say where damage is, and make no pixel."""
        if self.settings.strength == 0:
            return ()
        # The net is told of both kinds, whichever is asked for.
        dirt, scratches = self.settings.dirt or self._has_net, self.settings.scratches or self._has_net
        return (*_DIRT_WEIGHTS * dirt, *_SCRATCH_WEIGHTS * scratches, *(_NET,) * self._has_net)

    @property
    def _has_net(self) -> bool:
        wanted = self.settings.dirt or self.settings.scratches
        return wanted and self.settings.model == _NET and self.settings.strength > 0

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window."""
        from reelfix.restoration.detect import detect_damage
        from reelfix.restoration.detector import Looks, load_detector
        from reelfix.restoration.running_damage import Seen
        from reelfix.restoration.user_mask import with_user_mask

        seen = Seen()
        looks: Looks = {}
        detector = load_detector(_NET, device) if self._has_net else None

        def process(window: Window) -> Products:
            mask = detect_damage(
                window.frames,
                window.products["motion"],
                window.core,
                strength=self.settings.strength,
                dirt=self.settings.dirt,
                scratches=self.settings.scratches,
                first=window.start - window.lead,
                seen=seen,
                detector=detector,
                looks=looks,
            )
            if "user_mask" in window.products:
                mask = with_user_mask(mask, window.products["user_mask"][window.core])
            return {"mask": mask}

        return process
