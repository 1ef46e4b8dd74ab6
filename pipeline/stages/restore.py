"""Stage `restore`: marks filled from neighbouring frames, then what is left taken out by a net."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window
from reelfix.restoration.models.weights import settled
from reelfix.restoration.triplet.restorer_bars import Bars

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.triplet.restorer_models import Restorer

COMPACT = "triplet-compact"
"""The net that comes with reelfix, and knows the bars."""

NO_MODEL = "none"
"""In place of a model's name: marks are filled, and all else keeps its bits."""

_REACH = 5  # restoration.triplet.restorer_fills.FILL_REACH
_NET_REACH = 5  # restoration.triplet.restorer.NEIGHBOUR_REACH
_BARS = Bars()


class RestoreSettings(StageSettings):
    """How far marks are filled, and what a net takes out besides.

    `strength` scales all of it: the filling, and every bar.
    """

    model: str = Field(default=COMPACT, min_length=1)
    """The net: `triplet-compact`, `triplet-paper`, the path of a net for stills, or `none`."""
    denoise: float = Field(default=_BARS.denoise, ge=0.0, le=1.0)
    """Of triplet-compact: how much of grain and noise goes."""
    sharpness: float = Field(default=_BARS.sharpness, ge=0.0, le=1.0)
    """Of triplet-compact: how much of the blur goes."""
    contrast: float = Field(default=_BARS.contrast, ge=0.0, le=1.0)
    """Of triplet-compact: how much of the fading goes."""
    scratches: float = Field(default=_BARS.scratches, ge=0.0, le=1.0)
    """Of triplet-compact: how far marks that were found are filled, and what filling leaves is mended."""
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    """What the net computes in; `auto` is bfloat16 where the machine is made for it."""
    memory_mib: int = Field(default=4096, ge=256)
    """What the net may take for one frame, in MiB; larger frames go through in tiles."""
    keep_latents: bool = False
    """Keep triplet-compact's latents as a product: 2.5 MB a frame of 640 x 480."""

    @field_validator("model")
    @classmethod
    def _settled(cls, model: str) -> str:
        """Make a path absolute: the plan that keeps it is read again from other folders."""
        return settled(model)

    @property
    def bars(self) -> Bars:
        """The bars of the compact nets."""
        return Bars(self.denoise, self.sharpness, self.contrast, self.scratches)


class Restore(Stage[RestoreSettings]):
    """Repair marks from the frames that show what they hide, and what is left of damage by a net."""

    name: ClassVar[str] = "restore"
    version: ClassVar[int] = 3
    reads: ClassVar[tuple[str, ...]] = ("frames", "mask", "motion")
    makes: ClassVar[tuple[str, ...]] = ("frames",)
    may_make: ClassVar[tuple[str, ...]] = ("latent",)
    takes_grain: ClassVar[bool] = True
    settings_type: ClassVar[type[StageSettings]] = RestoreSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        if self._uses_net:
            return _REACH + _NET_REACH
        return _REACH if self.settings.strength > 0 else 0

    @property
    def models(self) -> tuple[str, ...]:
        """The net's name or path, where there is one."""
        return (self.settings.model,) if self._uses_net else ()

    @property
    def made(self) -> tuple[str, ...]:
        """What it makes: `latent` where a net is there to make it and it is to be kept."""
        return (*self.makes, *self.may_make) if self._uses_net and self.settings.keep_latents else self.makes

    @property
    def _uses_net(self) -> bool:
        settings = self.settings
        if settings.model == NO_MODEL or settings.strength == 0:
            return False
        return settings.model != COMPACT or settings.keep_latents or any(settings.bars.times(1))

    @property
    def _fill_share(self) -> float:
        """How far filling replaces what was there."""
        settings = self.settings
        return settings.strength * (settings.scratches if settings.model == COMPACT else 1.0)

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window; raises ModelError for a net that cannot be had."""
        if not self._uses_net:
            return self._fill
        from reelfix.restoration.triplet.restorer_models import open_restorer

        restorer = open_restorer(
            self.settings.model,
            self.settings.bars,
            device,
            strength=self.settings.strength,
            precision=self.settings.precision,
            memory_bytes=self.settings.memory_mib * 2**20,
        )
        return self._restoring(restorer)

    def _fill(self, window: Window) -> Products:
        from reelfix.restoration.restore import restore_damage

        frames = restore_damage(
            window.frames,
            window.products["mask"],
            window.products["motion"],
            window.core,
            strength=self._fill_share,
            start=window.start - window.lead,
        )
        return {"frames": frames}

    def _restoring(self, restorer: Restorer) -> Process:
        from reelfix.restoration.triplet.restorer_fills import FilledFrames

        settings = self.settings
        fills = FilledFrames(2 * _NET_REACH)
        share = self._fill_share

        def process(window: Window) -> Products:
            before, after = min(window.lead, _NET_REACH), min(window.tail, _NET_REACH)
            core = window.core
            around = slice(core.start - before, core.stop + after)
            mask, motion = window.products["mask"], window.products["motion"]
            filled = fills.filled(window.frames, mask, motion, around, window.start - window.lead)
            inner = slice(before, len(filled) - after)
            restored = restorer.restore(
                filled, mask[around], motion[around], inner, keep_latents=settings.keep_latents
            )
            frames = restored.frames
            if share < 1:
                # The net saw damage filled whole; of the filling, too, only a share is wanted.
                unfilled = window.frames[core] - filled[inner]
                frames = (frames + (1 - share) * unfilled).clamp_(0, 1)
            if restored.latents is None:
                return {"frames": frames}
            return {"frames": frames, "latent": restored.latents}

        return process
