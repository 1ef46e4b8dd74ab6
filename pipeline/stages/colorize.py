"""Stage `colorize`: colours for film that has none, after hints and references; luma stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator

from reelfix.pipeline.stage import Process, Products, Stage, StageSettings, Window
from reelfix.restoration.models.weights import settled

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.colorize import Colorizer
    from reelfix.restoration.colour.film_colours import FilmColours
    from reelfix.restoration.colour.net import ColourNet
    from reelfix.restoration.colour.tint import Tint

_REACH = 16  # restoration.colorize.Colorizer.handle


class ColorizeSettings(StageSettings):
    """Which colours, and how strong; with strength 0 there are none but the film's own."""

    model: str = Field(default="colour-compact", min_length=1)
    """The net: `colour-compact`, or the path of one."""
    temperature: float = Field(default=0.5, gt=0.0, le=1.0)
    """Of colour-compact: between what is likeliest (near 0: often gray, or in stains) and the mean of what
    may be (1)."""
    saturation: float = Field(default=1.0, ge=0.0, le=2.0)
    """What the net's colours are multiplied by; hints and references are met as they are."""

    tint: Literal["keep", "remove", "only"] = "keep"
    """Of shots recognised as tinted or toned: `keep` leaves them as they are; `remove` takes the tint off and
    colours them as gray film; `only` takes it off and puts it back, even and clean, and colours nothing else.
    """

    recolour: bool = False
    """Colour shots, too, that have natural colours of their own; else they are left as they are."""

    @field_validator("model")
    @classmethod
    def _settled(cls, model: str) -> str:
        """Make a path absolute: the plan that keeps it is read again from other folders."""
        return settled(model)


class Colorize(Stage[ColorizeSettings]):
    """Make chroma: a shot's key frames coloured by a net, and carried along the motion to those between."""

    name: ClassVar[str] = "colorize"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("frames", "motion")
    may_read: ClassVar[tuple[str, ...]] = ("guides", "film_colours")
    makes: ClassVar[tuple[str, ...]] = ("chroma",)
    reads_whole: ClassVar[tuple[str, ...]] = ("guides", "film_colours")
    carries: ClassVar[tuple[str, ...]] = ("colours",)
    settings_type: ClassVar[type[StageSettings]] = ColorizeSettings

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return _REACH if self._uses_net else 0

    @property
    def models(self) -> tuple[str, ...]:
        """The net's name or path."""
        return (self.settings.model,) if self._uses_net else ()

    @property
    def _uses_net(self) -> bool:
        return self.settings.strength > 0 and self.settings.tint != "only"

    def open(self, device: torch.device) -> Process:
        """Return the function that takes each window; raises ModelError for a net that cannot be had."""
        import torch

        coloured = self._colouring(self._net(device), device) if self._uses_net else None

        def process(window: Window) -> Products:
            own = self._own_chroma(window.frames[window.core])
            film: FilmColours | None = window.products.get("film_colours")
            made, carried = own, torch.zeros(0)
            if film is not None and film.tint is not None and self.settings.tint == "only":
                made = self._tinted(window.frames[window.core], film.tint)
            elif coloured is not None and not self._keeps(film):
                made, carried = coloured(window)
            chroma = own if made is own else own + self.settings.strength * (made - own)
            return {"chroma": chroma, "colours": carried}

        return process

    def _keeps(self, film: FilmColours | None) -> bool:
        """Whether a shot is to keep the colours it has."""
        if film is None or film.kind == "none":
            return False
        return self.settings.tint == "keep" if film.kind == "tint" else not self.settings.recolour

    def _net(self, device: torch.device) -> ColourNet:
        from reelfix.restoration.colour.annealed import Annealed
        from reelfix.restoration.colour.compact import ColourCompact
        from reelfix.restoration.colour.net import load_colour_net

        net = load_colour_net(self.settings.model, device)
        return Annealed(net, self.settings.temperature) if isinstance(net, ColourCompact) else net

    def _colouring(
        self, net: ColourNet, device: torch.device
    ) -> Callable[[Window], tuple[torch.Tensor, torch.Tensor]]:
        """Return what makes the chroma of a window, and what it carries on."""
        colorizers: list[Colorizer] = []

        def coloured(window: Window) -> tuple[torch.Tensor, torch.Tensor]:
            if not colorizers:
                colorizers.append(self._colorizer(net, device, window))
            made, carried = colorizers[0].colorize(
                self._tones(window.frames),
                window.products["motion"],
                window.core,
                window.start,
                window.carried.get("colours"),
            )
            return made * (self.clip.white - self.clip.black), carried

        return coloured

    def _tinted(self, frames: torch.Tensor, tint: Tint) -> torch.Tensor:
        """The chroma that a tint gives to the luma of frames."""
        from reelfix.restoration.colour.tint import with_tint

        return with_tint(self._luma(self._tones(frames)), tint) * (self.clip.white - self.clip.black)

    def _colorizer(self, net: ColourNet, device: torch.device, window: Window) -> Colorizer:
        """Make what colours the shot, of the guides that come with its first window."""
        from dataclasses import replace

        from reelfix.restoration.colorize import Colorizer
        from reelfix.restoration.colour.guides import Guides

        guides: Guides = window.products.get("guides", Guides())
        return Colorizer(
            net,
            device,
            replace(guides, saturation=self.settings.saturation),
            shot_frames=window.shot_frames,
            red_weight=self.clip.red_weight,
            blue_weight=self.clip.blue_weight,
        )

    def _tones(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames with black at 0 and white at 1; what is beyond either is cut off."""
        clip = self.clip
        if (clip.black, clip.white) == (0, 1):
            return frames
        return ((frames - clip.black) / (clip.white - clip.black)).clamp(0, 1)

    def _own_chroma(self, frames: torch.Tensor) -> torch.Tensor:
        """B'-Y' and R'-Y' (T, 2, H, W) of frames (T, C, H, W): none of a single channel."""
        import torch

        if frames.shape[1] == 1:
            return frames.new_zeros((len(frames), 2, *frames.shape[2:]))
        luma = self._luma(frames)[:, 0]
        return torch.stack([frames[:, 2] - luma, frames[:, 0] - luma], dim=1)

    def _luma(self, frames: torch.Tensor) -> torch.Tensor:
        """Luma (T, 1, H, W) of frames in R, G, B."""
        red, green, blue = frames.chunk(3, dim=1)
        weights = self.clip.red_weight, self.clip.blue_weight
        luma: torch.Tensor = weights[0] * red + (1 - sum(weights)) * green + weights[1] * blue
        return luma
